"""The records paths of a real node: streams, compressed bodies, refusals, long polls."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import zstandard

from storage.format.batch import iterate_headers
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

RECORD = b'{"value":{"type":"STRING","data":"x"}}'
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    yield node
    assert node.stop() == 0


def test_stream_gives_receipts_while_the_body_is_open(node: NodeProcess) -> None:
    node.create_topic("stream", 1)
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v3/clusters/x/topics/stream/records HTTP/1.1\r\nhost: localhost\r\n"
            b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        received = b""
        for number in range(3):
            half = len(RECORD) // 2
            for piece in (RECORD[:half], RECORD[half:]):
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            while received.count(b'"offset":') <= number:
                data = connection.recv(65536)
                assert data, "the answer ended early"
                received += data
            assert b'"offset":%d' % number in received
        connection.sendall(b"6\r\n[oops]\r\n0\r\n\r\n")
        while b"0\r\n\r\n" not in received[-5:]:
            received += connection.recv(65536)

    assert b'"error_code":400' in received


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)]
)
def test_compressed_body_is_taken_and_a_bomb_refused(
    node: NodeProcess, coding: str, pack: object
) -> None:
    assert callable(pack)
    node.create_topic(coding, 1)
    here = f"{node.topics}/{coding}/records"
    headers = JSON | {"content-encoding": coding}

    good = httpx.post(here, content=pack(RECORD * 3), headers=headers)
    bomb = httpx.post(here, content=pack(b" " * 200_000_000), headers=headers)
    broken = httpx.post(here, content=pack(RECORD * 3)[:-3], headers=headers)

    assert [json.loads(one)["offset"] for one in good.text.splitlines()] == [0, 1, 2]
    assert (bomb.status_code, bomb.json()["error_code"]) == (413, 413)
    assert (broken.status_code, broken.json()["error_code"]) == (400, 400)


def test_long_poll_answers_at_the_first_record(node: NodeProcess) -> None:
    node.create_topic("poll", 1)
    timer = threading.Timer(
        0.3, lambda: httpx.post(f"{node.topics}/poll/records", content=RECORD, headers=JSON)
    )
    timer.start()

    began = time.monotonic()
    page = httpx.get(f"{node.topics}/poll/partitions/0/records?wait_ms=20000", timeout=30).json()

    assert page["data"][0]["value"] == {"type": "STRING", "data": "x"}
    assert time.monotonic() - began < 15


def test_raw_batches_are_the_log_s_own_bytes(node: NodeProcess) -> None:
    node.create_topic("raw", 1)
    httpx.post(f"{node.topics}/raw/records", content=RECORD * 5, headers=JSON)

    answer = httpx.get(
        f"{node.topics}/raw/partitions/0/records",
        headers={"accept": "application/vnd.cauce.recordbatches"},
    )

    (path,) = node.directory.glob("logs/*/raw-0/*.log")
    assert answer.content == path.read_bytes()
    assert [header.record_count for _, header in iterate_headers(answer.content)] == [5]
    assert answer.headers["cauce-next-offset"] == "5"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/v3/clusters/-/topics/none/records", RECORD, 404, 40401),
        ("POST", "/v3/clusters/-/topics/stream2/records", b"", 422, 422),
        ("GET", "/v3/clusters/-/topics/stream2/partitions/9/records", b"", 404, 40403),
        ("GET", "/v3/clusters/-/topics/stream2/partitions/0/records?offset=7", b"", 416, 41601),
        ("GET", "/v3/clusters/-/topics/stream2/records?cursor=AAAA", b"", 400, 400),
        ("GET", "/v3/clusters/-/topics/stream2/records?wait=1", b"", 400, 400),
        ("PUT", "/v3/clusters/-/topics", b"{}", 405, 405),
        ("POST", "/v3/clusters/-/topics", b'{"topic_name":"a","x":1}', 422, 422),
        ("POST", "/v3/clusters/-/topics", b'{"topic_name":', 400, 400),
        ("POST", "/v3/clusters/-/topics", b"[" * 100_000, 400, 400),
        ("POST", "/v3/clusters/-/topics", b'{"topic_name":"\xff"}', 400, 400),
        ("POST", "/v3/clusters/-/topics", b'{"topic_name":"a b"}', 400, 40002),
        ("POST", "/v3/clusters/-/topics", b'{"topic_name":"stream2"}', 400, 40002),
        ("GET", "/nothing/here", b"", 404, 404),
    ],
)
def test_refusals_have_the_one_shape(
    node: NodeProcess, method: str, path: str, body: bytes, status: int, code: int
) -> None:
    httpx.post(node.topics, json={"topic_name": "stream2"})

    answer = httpx.request(method, node.url + path, content=body, headers=JSON)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json().keys() == {"error_code", "message"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /livez HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", b"400"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET /livez HTTP/1.1\r\nhost: a\r\n" + b"x: y\r\n" * 2_000 + b"\r\n", b"431"),
    ],
)
def test_bad_heads_are_refused_in_the_one_shape(
    node: NodeProcess, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while data := connection.recv(65536):
            received += data

    assert received.split(b" ")[1] == status
    assert json.loads(received.split(b"\r\n\r\n", 1)[1]).keys() == {"error_code", "message"}


def test_second_process_is_refused_with_a_word(node: NodeProcess) -> None:
    second = NodeProcess(node.directory)
    with pytest.raises(AssertionError, match="in use by another process"):
        second.start()
    assert second.process is not None
    assert second.process.returncode == 1
