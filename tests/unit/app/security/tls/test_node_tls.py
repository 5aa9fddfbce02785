"""Certificates of a node: when they are read again, and what is said of it."""

import asyncio
import dataclasses
import logging
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from app.security.tls.live import ClientAuth, TlsFiles
from app.security.tls.node_tls import NodeTls
from tests.support.security.certificates import client_context, write_list, write_pair


def common_name(server: ssl.SSLContext) -> str:
    """Return whose certificate a client is shown now."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(down, up)
    ends = [client, server.wrap_bio(up, down, server_side=True)]
    for one in ends * 3:
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = client.getpeercert(binary_form=True)
    assert shown is not None
    return "after" if b"after" in shown else "before"


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    pair = write_pair(tmp_path, "before")
    return TlsFiles(certificate=pair[0], key=pair[1])


@pytest.fixture
def node(files: TlsFiles) -> NodeTls:
    return NodeTls(files, files)


def replace(files: TlsFiles) -> None:
    pair = write_pair(files.key.parent, "after")
    pair[0].replace(files.certificate)
    pair[1].replace(files.key)


def test_a_node_without_a_certificate_has_no_tls() -> None:
    node = NodeTls()

    assert not node.is_used
    assert node.http is None
    assert node.kafka is None


def test_both_doors_show_the_new_certificate_once_it_is_seen(
    node: NodeTls, files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    assert node.is_used
    assert node.http is not None
    assert node.kafka is not None

    replace(files)
    before = common_name(node.http), common_name(node.kafka)
    with caplog.at_level(logging.INFO):
        node.look()
        node.look()

    assert before == ("before", "before")
    assert (common_name(node.http), common_name(node.kafka)) == ("after", "after")
    assert caplog.text.count("new connections see them") == 1


def test_files_that_cannot_be_used_are_told_once_and_change_nothing(
    node: NodeTls, files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    assert node.http is not None
    files.certificate.write_text("no certificate")

    node.look()
    node.look()

    assert caplog.text.count("the certificate before stays in use") == 1
    assert common_name(node.http) == "before"
    node.look(is_forced=True)
    assert caplog.text.count("the certificate before stays in use") == 2
    replace(files)
    node.look()
    assert common_name(node.http) == "after"


async def test_what_was_revoked_is_published_and_a_late_list_is_told_once(
    tmp_path: Path, files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    ca, lists = write_pair(tmp_path, "ca"), tmp_path / "revoked.pem"
    alice = write_pair(tmp_path, "alice", signer=ca)
    write_list(lists, ca, alice)
    asking = dataclasses.replace(
        files, client_ca=ca[0], client_crl=lists, client_auth=ClientAuth.REQUIRED
    )
    node, told = NodeTls(asking, asking), list[int]()
    node.revoked.subscribe(lambda: told.append(1))

    running = asyncio.create_task(node.run(60))
    await asyncio.sleep(0)
    at_first = len(told)
    serial = x509.load_pem_x509_certificate(alice[0].read_bytes()).serial_number
    assert node.revoked.names("CN=ca", serial)
    write_list(lists, ca, is_old=True)
    node.reload()
    async with asyncio.timeout(20):
        while len(told) == at_first:
            await asyncio.sleep(0.01)
    running.cancel()
    node.look()

    assert at_first == 0, "it was known before it ran"
    assert told == [1]
    assert caplog.text.count("the list of certificates that CN=ca has revoked is out of date") == 1


async def test_it_looks_by_itself(node: NodeTls, files: TlsFiles) -> None:
    assert node.kafka is not None
    looking = asyncio.create_task(node.run(0.01))

    replace(files)
    async with asyncio.timeout(20):
        while common_name(node.kafka) != "after":
            await asyncio.sleep(0.01)

    looking.cancel()


def test_a_certificate_that_is_over_is_told_once_until_there_is_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair = write_pair(tmp_path, "before", is_expired=True)
    node = NodeTls(TlsFiles(certificate=pair[0], key=pair[1]))

    node.look()
    node.look()
    at_first = caplog.text.count("is over since")
    write_pair(tmp_path, "before", ends_in=timedelta(hours=1))
    node.look()
    node.look()

    assert at_first == caplog.text.count("is over since") == 1
    assert caplog.text.count("before.pem ends ") == 1
