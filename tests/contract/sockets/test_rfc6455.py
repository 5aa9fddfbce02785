"""RFC 6455 on the wire: what a server must take, and what it must fail, each with its code.

A refused request repeats the id that it carried, so any text can be sent round: an acknowledgement
of a subscription that is not there is the echo that these cases need.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.node import NodeProcess
from tests.support.sockets.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    RSV2,
    RSV3,
    TEXT,
    RawSocket,
    raw_frame,
)

FRAME_BYTES_MAX = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    node = NodeProcess(Path(tmp_path_factory.mktemp("node")) / "data")
    node.start()
    yield node.port
    assert node.stop() == 0


def echo(text: str = "hello", size: int = 0) -> bytes:
    """Return the payload of a request whose answer repeats a text, filled up to a size."""
    frame = {"type": "ack", "sub": "s", "seq": 1, "id": text}
    return json.dumps(frame, ensure_ascii=False).encode().ljust(size)


def echoed(socket: RawSocket) -> str:
    answer = socket.receive()
    assert answer is not None
    assert answer.first == 0x81, answer
    return str(json.loads(answer.payload)["id"])


def chopped(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def close_of(socket: RawSocket) -> int | None:
    """Return the code of the server's close, the last frame that it sends."""
    frames = socket.receive_all()
    assert frames, "the connection ended without a close"
    assert frames[-1].opcode == CLOSE, frames
    payload = frames[-1].payload
    return struct.unpack(">H", payload[:2])[0] if payload else None


def two(first: bytes, second: bytes) -> list[bytes]:
    return [raw_frame(TEXT, first, fin=False), raw_frame(CONTINUATION, second)]


WHOLE = echo("grüß 你好 🦀")
MIDDLE = WHOLE.index("🦀".encode()) + 2

ANSWERED: dict[str, Sequence[bytes]] = {
    **{
        f"payload-of-{size}": [raw_frame(TEXT, echo("grüß 你好 🦀", size))]
        for size in (125, 126, 127, 128, 65_535, 65_536, 65_537, 1_000_000)
    },
    "byte-by-byte": chopped(raw_frame(TEXT, WHOLE)),
    "two-fragments": two(WHOLE[:9], WHOLE[9:]),
    "two-fragments-in-one-piece": [b"".join(two(WHOLE[:9], WHOLE[9:]))],
    "two-fragments-byte-by-byte": chopped(b"".join(two(WHOLE[:9], WHOLE[9:]))),
    "fragments-of-a-byte": [
        raw_frame(TEXT if at == 0 else CONTINUATION, bytes([byte]), fin=at == len(WHOLE) - 1)
        for at, byte in enumerate(WHOLE)
    ],
    "a-fragment-ends-inside-a-character": two(WHOLE[:MIDDLE], WHOLE[MIDDLE:]),
    "an-empty-first-fragment": two(b"", WHOLE),
    "an-empty-last-fragment": two(WHOLE, b""),
    "an-empty-fragment-between": [
        raw_frame(TEXT, WHOLE[:9], fin=False),
        raw_frame(CONTINUATION, b"", fin=False),
        raw_frame(CONTINUATION, WHOLE[9:]),
    ],
    "an-unsolicited-pong-before": [raw_frame(PONG), raw_frame(TEXT, WHOLE)],
    "an-unsolicited-pong-with-payload-between-fragments": [
        raw_frame(TEXT, WHOLE[:9], fin=False),
        raw_frame(PONG, b"unasked"),
        raw_frame(CONTINUATION, WHOLE[9:]),
    ],
    "a-mask-of-zeros": [
        b"\x81"
        + bytes([0xFE])
        + len(WHOLE.ljust(126)).to_bytes(2, "big")
        + bytes(4)
        + WHOLE.ljust(126)
    ],
}


@pytest.mark.parametrize("case", ANSWERED)
def test_a_message_is_taken_however_it_is_cut(port: int, case: str) -> None:
    with RawSocket(port).open() as socket:
        socket.send(*ANSWERED[case])

        assert echoed(socket) == "grüß 你好 🦀"

        socket.send(raw_frame(CLOSE, struct.pack(">H", 1000)))
        assert close_of(socket) == 1000


@pytest.mark.parametrize("payload", [b"", b"hello", bytes(range(125)), b"\xff\xfe"], ids=repr)
def test_a_ping_is_answered_with_its_own_payload(port: int, payload: bytes) -> None:
    with RawSocket(port).open() as socket:
        for pieces in ([raw_frame(PING, payload)], chopped(raw_frame(PING, payload))):
            socket.send(*pieces)
            assert socket.receive() == (0x80 | PONG, payload)


def test_ten_pings_are_answered_in_their_order(port: int) -> None:
    with RawSocket(port).open() as socket:
        socket.send(b"".join(raw_frame(PING, b"%d" % number) for number in range(10)))

        answers = [socket.receive() for _ in range(10)]

    assert answers == [(0x80 | PONG, b"%d" % number) for number in range(10)]


def test_a_ping_between_fragments_is_answered_before_the_message(port: int) -> None:
    with RawSocket(port).open() as socket:
        first, second = two(WHOLE[:9], WHOLE[9:])
        socket.send(first, raw_frame(PING, b"now"))
        assert socket.receive() == (0x80 | PONG, b"now")

        socket.send(second)
        assert echoed(socket) == "grüß 你好 🦀"


LONG = b"x" * 126
FAILED: dict[str, tuple[int, Sequence[bytes]]] = {
    **{
        f"rsv-{rsv:#x}-on-{name}": (1002, [raw_frame(opcode, payload, rsv=rsv)])
        for name, opcode, payload in (
            ("text", TEXT, echo()),
            ("ping", PING, b""),
            ("close", CLOSE, b""),
        )
        for rsv in (RSV1, RSV2, RSV3, RSV1 | RSV2 | RSV3)
    },
    **{
        f"opcode-{opcode}": (1002, [raw_frame(opcode, b"x")])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "a-fragmented-ping": (1002, [raw_frame(PING, b"a", fin=False)]),
    "a-fragmented-close": (1002, [raw_frame(CLOSE, b"", fin=False)]),
    "a-ping-of-126-bytes": (1002, [raw_frame(PING, LONG)]),
    "a-pong-of-126-bytes": (1002, [raw_frame(PONG, LONG)]),
    "a-close-of-126-bytes": (1002, [raw_frame(CLOSE, b"\x03\xe8" + LONG)]),
    "a-continuation-of-nothing": (1002, [raw_frame(CONTINUATION, b"x")]),
    "a-continuation-of-what-ended": (
        1002,
        [raw_frame(TEXT, echo()), raw_frame(CONTINUATION, b"x")],
    ),
    "a-text-inside-a-text": (
        1002,
        [raw_frame(TEXT, b"{", fin=False), raw_frame(TEXT, echo())],
    ),
    "a-binary-inside-a-text": (
        1002,
        [raw_frame(TEXT, b"{", fin=False), raw_frame(BINARY, b"x")],
    ),
    "an-unmasked-text": (1002, [raw_frame(TEXT, echo(), masked=False)]),
    "an-unmasked-ping": (1002, [raw_frame(PING, masked=False)]),
    "an-unmasked-close": (1002, [raw_frame(CLOSE, masked=False)]),
    **{
        f"utf8-{bad.hex()}": (1007, [raw_frame(TEXT, b'{"id":"' + bad + b'"}')])
        for bad in (
            b"\xff",
            b"\x80",
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xce",
            b"\xf8\x88\x80\x80\x80",
        )
    },
    "utf8-cut-off-at-the-end": (1007, [raw_frame(TEXT, "🦀".encode()[:3])]),
    "utf8-bad-in-the-second-fragment": (1007, two(b'{"id":"', b'\xff"}')),
    **{
        f"close-{code}": (1002, [raw_frame(CLOSE, struct.pack(">H", code))])
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    "close-of-one-byte": (1002, [raw_frame(CLOSE, b"\x03")]),
    "close-with-bad-utf8": (1007, [raw_frame(CLOSE, b"\x03\xe8\xff\xfe")]),
    "a-frame-beyond-the-bound": (1009, [raw_frame(TEXT, b"{", size=FRAME_BYTES_MAX + 1)]),
    "a-frame-of-an-exabyte": (1009, [raw_frame(TEXT, b"{", size=1 << 60)]),
}


@pytest.mark.parametrize("case", FAILED)
def test_what_breaks_the_protocol_fails_the_connection(port: int, case: str) -> None:
    code, pieces = FAILED[case]
    with RawSocket(port).open() as socket:
        socket.send(*pieces)

        assert close_of(socket) == code


def test_fragments_that_are_too_much_together_fail_the_connection(port: int) -> None:
    part = b" " * (1024 * 1024)
    with RawSocket(port).open() as socket:
        socket.send(raw_frame(TEXT, part, fin=False))
        for _ in range(8):
            socket.send(raw_frame(CONTINUATION, part, fin=False))

        assert close_of(socket) == 1009


def test_a_size_with_the_highest_bit_set_fails_the_connection(port: int) -> None:
    with RawSocket(port).open() as socket:
        socket.send(b"\x81\xff" + struct.pack(">Q", 1 << 63) + bytes(4))

        assert close_of(socket) in (1002, 1009)


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
)
def test_a_close_is_answered_with_its_own_code(port: int, code: int) -> None:
    with RawSocket(port).open() as socket:
        socket.send(raw_frame(CLOSE, struct.pack(">H", code) + "tschüß".encode()))

        assert close_of(socket) == code


def test_a_close_without_a_code_is_answered(port: int) -> None:
    with RawSocket(port).open() as socket:
        socket.send(raw_frame(CLOSE))

        assert close_of(socket) in (None, 1000)


def test_what_comes_behind_a_close_is_not_looked_at(port: int) -> None:
    with RawSocket(port).open() as socket:
        close = raw_frame(CLOSE, struct.pack(">H", 1000))
        socket.send(close + raw_frame(TEXT, echo()) + raw_frame(PING))

        assert close_of(socket) == 1000


def test_a_close_between_fragments_ends_the_connection(port: int) -> None:
    with RawSocket(port).open() as socket:
        socket.send(raw_frame(TEXT, b"{", fin=False), raw_frame(CLOSE, struct.pack(">H", 1000)))

        assert close_of(socket) in (1000, 1002)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-12)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_compressed_messages_are_taken_whole_or_in_fragments(port: int) -> None:
    offer = {"sec-websocket-extensions": "permessage-deflate; client_max_window_bits=12"}
    packed = deflated(WHOLE)
    with RawSocket(port, headers=offer).open() as socket:
        socket.send(raw_frame(TEXT, packed, rsv=RSV1))
        whole = socket.receive()
        packed = deflated(WHOLE)
        socket.send(raw_frame(TEXT, packed[:5], rsv=RSV1, fin=False))
        socket.send(raw_frame(CONTINUATION, packed[5:]))
        parts = socket.receive()
        socket.send(raw_frame(TEXT, b"{}"))
        plain = socket.receive()

    assert all(one is not None and one.first == 0xC1 for one in (whole, parts, plain))


@pytest.mark.parametrize(
    "pieces",
    [
        [raw_frame(TEXT, b"\xff\xff\xff\xff", rsv=RSV1)],
        [raw_frame(TEXT, b"{", fin=False, rsv=RSV1), raw_frame(CONTINUATION, b"}", rsv=RSV1)],
        [raw_frame(PING, b"", rsv=RSV1)],
    ],
    ids=["not-deflated", "on-a-continuation", "on-a-ping"],
)
def test_bad_compression_fails_the_connection(port: int, pieces: list[bytes]) -> None:
    offer = {"sec-websocket-extensions": "permessage-deflate"}
    with RawSocket(port, headers=offer).open() as socket:
        socket.send(*pieces)

        assert close_of(socket) in (1002, 1007)


def test_a_message_that_unpacks_to_too_much_fails_the_connection(port: int) -> None:
    offer = {"sec-websocket-extensions": "permessage-deflate; client_max_window_bits=12"}
    with RawSocket(port, headers=offer).open() as socket:
        socket.send(raw_frame(TEXT, deflated(b" " * (FRAME_BYTES_MAX + 1)), rsv=RSV1))

        assert close_of(socket) == 1009


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"sec_websocket_version": "12"}, 426),
        ({"sec_websocket_version": None}, 400),
        ({"sec_websocket_key": None}, 400),
        ({"sec_websocket_key": "c2hvcnQ="}, 400),
        ({"upgrade": None}, 404),
        ({"connection": "keep-alive"}, 404),
        ({"request_line": "GET /v3/nothing HTTP/1.1"}, 404),
        ({"sec_websocket_protocol": "mqtt"}, 400),
        ({"origin": "https://evil.example"}, 403),
    ],
    ids=repr,
)
def test_a_handshake_that_is_none_is_refused(
    port: int, changes: dict[str, str | None], status: int
) -> None:
    with RawSocket(port) as socket:
        head = socket.handshake(**changes)

    assert head.split()[1] == str(status), head
    assert "content-type: application/json" in head.lower()


def test_names_of_the_handshake_are_taken_in_any_case(port: int) -> None:
    with RawSocket(port) as socket:
        head = socket.handshake(upgrade="WebSocket", connection="keep-alive, upgrade")

    assert head.startswith("HTTP/1.1 101 "), head
