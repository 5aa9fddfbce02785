"""Alerts of refused handshakes."""

import ssl
from pathlib import Path

import pytest

from app.security.tls.alerting import telling
from app.security.tls.live import TlsFiles, server_context
from tests.support.security.certificates import write_pair


def wrapped(folder: Path) -> tuple[ssl.SSLObject, ssl.MemoryBIO]:
    pair = write_pair(folder, "here")
    context = server_context(TlsFiles(certificate=pair[0], key=pair[1]))
    incoming = ssl.MemoryBIO()
    return context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True), incoming


def old_hello() -> bytes:
    """Return what a client of TLS 1.1 begins with."""
    body = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x09" + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(hello).to_bytes(2) + hello


def test_a_refusal_is_told_and_raised(tmp_path: Path) -> None:
    told: list[bytes] = []
    token = telling.set(told.append)
    handshake, incoming = wrapped(tmp_path)
    telling.reset(token)

    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    assert told == []
    incoming.write(old_hello())
    with pytest.raises(ssl.SSLError):
        handshake.do_handshake()

    (alert,) = told
    assert (alert[0], alert[5:]) == (21, bytes([2, 70]))  # fatal, protocol_version


def test_without_anybody_to_tell_it_is_raised(tmp_path: Path) -> None:
    handshake, incoming = wrapped(tmp_path)
    incoming.write(old_hello())

    with pytest.raises(ssl.SSLError):
        handshake.do_handshake()
