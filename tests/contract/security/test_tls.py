"""Certificates from outside: clients that are not ours, on nodes where TLS says who they are."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import websockets
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from kafka import KafkaConsumer, KafkaProducer

from app.wire.messages.api_versions import ApiVersionsRequest
from tests.support.node import MAIN, ROOT, NodeProcess
from tests.support.security.certificates import Pair, write_pair
from tests.support.security.mutual import Mutual
from tests.support.wire_door import Peer

pytestmark = pytest.mark.slow

PATIENCE_S = 60


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mutual]:
    mutual = Mutual(tmp_path_factory.mktemp("tls"))
    mutual.start()
    yield mutual
    assert mutual.node.stop() == 0
    assert "Traceback" not in mutual.node.log


def get(mutual: Mutual, path: str, shows: Pair | None) -> httpx.Response:
    return httpx.get(f"{mutual.node.url}{path}", verify=mutual.trusting(shows), timeout=PATIENCE_S)


def test_a_certificate_is_the_user_that_a_rule_names_at_both_doors(mutual: Mutual) -> None:
    admin = httpx.Client(verify=mutual.trusting(mutual.admin), timeout=PATIENCE_S)
    made = admin.post(mutual.node.topics, json={"topic_name": "ours"})
    assert made.status_code == 201
    assert made.headers["strict-transport-security"] == "max-age=31536000"
    alice, bob = mutual.of("Alice".lower()), mutual.of("bob")
    rule = {
        "resource_type": "TOPIC",
        "resource_name": "ours",
        "pattern_type": "LITERAL",
        "principal": "User:alice",
        "host": "*",
        "operation": "ALL",
        "permission": "ALLOW",
    }
    acls = f"{mutual.node.url}/v3/clusters/-/acls"
    assert admin.post(acls, json=rule).status_code == 201

    topics = "/v3/clusters/-/topics/ours"
    assert get(mutual, topics, alice).status_code == 200
    assert get(mutual, topics, bob).status_code in (403, 404)
    assert "ours" in AdminClient(mutual.librdkafka(alice)).list_topics(timeout=60).topics
    assert "ours" not in AdminClient(mutual.librdkafka(bob)).list_topics(timeout=60).topics
    producer = KafkaProducer(**mutual.kafka_python(alice))
    values = [bytes([65 + number]) * 200_000 for number in range(20)]
    for value in values:
        producer.send("ours", value, partition=0).get(PATIENCE_S)
    producer.close()
    consumer = KafkaConsumer(
        "ours",
        auto_offset_reset="earliest",
        consumer_timeout_ms=60_000,
        **mutual.kafka_python(alice),
    )
    assert [next(consumer).value for _ in values] == values
    consumer.close()
    admin.close()


def test_the_command_believes_whom_it_is_told_to(mutual: Mutual) -> None:
    url = ("--url", mutual.node.url)
    trusted = {"CAUCE_CA_FILE": str(mutual.ca[0])}
    own = {"CAUCE_CERT_FILE": str(mutual.admin[0]), "CAUCE_KEY_FILE": str(mutual.admin[1])}

    made = run_cauce("topic", "create", "told", *url, environment=trusted | own)
    believing = (*url, "--ca-file", str(mutual.ca[0]))
    wrote = run_cauce("produce", "told", *believing, environment=own, stdin=b"hello\n")
    read = run_cauce("consume", "told", "-n", "1", *believing, environment=own)
    distrusted = run_cauce("topic", "list", *url, environment=own)

    assert (made.returncode, wrote.returncode) == (0, 0), made.stderr + wrote.stderr
    assert read.returncode in (0, 1), read.stderr  # 3 would be: not reached over wss
    assert distrusted.returncode != 0
    assert b"CAUCE_CA_FILE" in distrusted.stderr


def run_cauce(
    *arguments: str, environment: dict[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=ROOT,
    )


def test_certificates_of_others_old_ones_and_none_are_refused(mutual: Mutual) -> None:
    strangers = write_pair(mutual.folder, "strangers")
    wrong: list[Pair | None] = [
        mutual.of("mallory", signer=strangers),
        mutual.of("late", is_expired=True),
        None,
    ]

    for shows in wrong:
        with pytest.raises(httpx.TransportError):
            get(mutual, "/readyz", shows)
        if shows is not None:
            with pytest.raises(KafkaException):
                AdminClient(mutual.librdkafka(shows)).list_topics(timeout=1)


def test_probe_on_the_machine_needs_no_certificate(mutual: Mutual) -> None:
    probe = run_cauce("health", environment={"CAUCE_DATA_DIR": str(mutual.node.directory)})
    assert (probe.returncode, probe.stdout) == (0, b"ready\n")


def test_one_whom_no_rule_names_is_nobody(mutual: Mutual) -> None:
    other = write_pair(mutual.folder, "other", signer=mutual.ca)

    assert get(mutual, "/v3/clusters", other).status_code == 401
    with pytest.raises(KafkaException):
        AdminClient(mutual.librdkafka(other)).list_topics(timeout=1)


@pytest.mark.parametrize("port", ["port", "kafka_port"])
def test_old_versions_and_what_is_no_tls_are_closed(mutual: Mutual, port: str) -> None:
    address = ("127.0.0.1", getattr(mutual.node, port))
    for said in (b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\0\0\0\x10" + bytes(16)):
        with socket.create_connection(address, timeout=PATIENCE_S) as plain:
            plain.sendall(said)
            assert plain.recv(100) == b""
    for version in ("-tls1", "-tls1_1"):
        ran = subprocess.run(
            [
                *("openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0"),
                *("-connect", f"127.0.0.1:{address[1]}"),
            ],
            input=b"",
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert ran.returncode != 0
        assert b"Cipher is (NONE)" in ran.stdout


async def test_a_new_certificate_drops_no_connection_under_load(mutual: Mutual) -> None:
    node, tls = mutual.node, mutual.trusting(mutual.admin)
    url = f"wss://127.0.0.1:{node.port}/v3/ws"
    async with httpx.AsyncClient(
        verify=tls, timeout=PATIENCE_S, limits=httpx.Limits(max_connections=8)
    ) as http:
        assert (await http.post(node.topics, json={"topic_name": "swap"})).status_code == 201
        peers = [
            Peer(*await asyncio.open_connection("127.0.0.1", node.kafka_port, ssl=tls))
            for _ in range(8)
        ]
        is_over = asyncio.Event()
        counts = [0] * (len(peers) + 4)

        async def kafka(peer: Peer, at: int) -> None:
            while not is_over.is_set():
                peer.send(ApiVersionsRequest(), 0, counts[at] + 1)
                assert (await peer.receive())[0] == counts[at] + 1
                counts[at] += 1

        async def rest(at: int) -> None:
            record = {"value": {"type": "STRING", "data": "x" * 1000}}
            while not is_over.is_set():
                made = await http.post(f"{node.topics}/swap/records", json=record)
                assert made.json()["error_code"] == 200
                counts[at] += 1

        async with asyncio.TaskGroup() as tasks, websockets.connect(url, ssl=tls) as socket_:
            for at, peer in enumerate(peers):
                tasks.create_task(kafka(peer, at))
            for at in range(len(peers), len(counts)):
                tasks.create_task(rest(at))
            await asyncio.sleep(0.2)
            shown = [await shown_at(port, tls) for port in (node.port, node.kafka_port)]
            mutual.here[0].write_text("no certificate")
            os.kill(pid_of(node), signal.SIGHUP)
            await until(lambda: "the certificate before stays in use" in node.log)
            after = write_pair(mutual.folder, "after", signer=mutual.ca)
            for old, new in zip(mutual.here, after, strict=True):
                new.replace(old)
            os.kill(pid_of(node), signal.SIGHUP)
            await until(lambda: "new connections see them" in node.log)
            then = [await shown_at(port, tls) for port in (node.port, node.kafka_port)]
            before = list(counts)
            await until(lambda: all(now > was for now, was in zip(counts, before, strict=True)))
            await asyncio.wait_for(await socket_.ping(), PATIENCE_S)
            is_over.set()

        assert shown == ["here", "here"]
        assert then == ["after", "after"]
        for peer in peers:
            peer.close()


async def shown_at(port: int, tls: ssl.SSLContext) -> str:
    """Return whose certificate a door shows to a new connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    certificate = writer.get_extra_info("peercert")
    writer.close()
    return str(certificate["subject"][0][0][1])


def pid_of(node: NodeProcess) -> int:
    assert node.process is not None
    return node.process.pid


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
