"""The certificate of a connection."""

import asyncio
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509

from app.security.tls.client_certificate import certificate_of, certificates_of
from app.security.tls.live import ClientAuth, TlsFiles, server_context
from tests.support.security.certificates import Pair, client_context, write_pair


class Connected(asyncio.Transport):
    """The server's end of a connection."""

    def __init__(self, handshake: ssl.SSLObject | None) -> None:
        super().__init__({"ssl_object": handshake})


def connected(folder: Path, auth: ClientAuth, shows: Pair | None) -> Connected:
    """Return the server's end after a handshake in memory."""
    here = write_pair(folder, "here")
    files = TlsFiles(
        certificate=here[0], key=here[1], client_ca=folder / "ca.pem", client_auth=auth
    )
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context(files).wrap_bio(up, down, server_side=True)
    client = client_context(shows=shows).wrap_bio(down, up)
    for one in (client, server) * 3:
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return Connected(server)


@pytest.fixture
def alice(tmp_path: Path) -> Pair:
    return write_pair(tmp_path, "alice", signer=write_pair(tmp_path, "ca"))


@pytest.mark.parametrize("auth", [ClientAuth.REQUESTED, ClientAuth.REQUIRED])
def test_what_a_client_showed_says_who_it_is_and_how_long(
    tmp_path: Path, alice: Pair, auth: ClientAuth
) -> None:
    shown = certificate_of(connected(tmp_path, auth, alice))

    assert shown is not None
    assert shown.distinguished_name == "CN=alice"
    known = x509.load_pem_x509_certificate(alice[0].read_bytes())
    assert (shown.issuer, shown.serial) == ("CN=ca", known.serial_number)
    assert 86_000_000 < shown.expires_at_ms - time.time() * 1000 <= 86_400_000


def test_a_client_that_shows_none_has_none(tmp_path: Path, alice: Pair) -> None:
    assert certificate_of(connected(tmp_path, ClientAuth.REQUESTED, None)) is None
    assert certificate_of(connected(tmp_path, ClientAuth.NONE, alice)) is None
    assert certificate_of(Connected(None)) is None


def test_what_a_certificate_stands_on_is_known_by_its_numbers(tmp_path: Path) -> None:
    ca = write_pair(tmp_path, "ca")
    between = write_pair(tmp_path, "between", signer=ca, is_authority=True)
    alice = write_pair(tmp_path, "alice", signer=between)
    known = [x509.load_pem_x509_certificate(one[0].read_bytes()) for one in (alice, between, ca)]
    alice[0].write_bytes(alice[0].read_bytes() + between[0].read_bytes())

    server = connected(tmp_path, ClientAuth.REQUIRED, alice).get_extra_info("ssl_object")

    issuers = ["CN=between", "CN=ca", "CN=ca"]
    assert certificates_of(server) == tuple(
        (issuer, one.serial_number) for issuer, one in zip(issuers, known, strict=True)
    )


def test_nothing_shown_stands_on_nothing(tmp_path: Path, alice: Pair) -> None:
    server = connected(tmp_path, ClientAuth.NONE, alice).get_extra_info("ssl_object")

    assert certificates_of(server) == ()
