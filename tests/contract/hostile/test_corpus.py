"""Hostile input at the HTTP port: hand-made, and ten thousand made of it; the node stays well.

No answer is a failure of the server, none waits for ever, no header or line of the log is forged,
and memory stays. Hostile input elsewhere: ``tests/contract/test_wire_fuzz.py`` and
``test_wire_memory.py`` (Kafka), ``sockets/test_rfc6455.py`` (frames), ``registry/test_fuzz.py``.
"""

import asyncio
import random
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.hostile.bodies import hostile_bodies
from tests.support.hostile.http_heads import hostile_heads
from tests.support.hostile.model import Hostile
from tests.support.hostile.sending import faults_in_log, resident_bytes, send_all
from tests.support.hostile.targets import hostile_targets
from tests.support.node import NodeProcess

pytestmark = [pytest.mark.slow, pytest.mark.alone]

HAND_MADE_MIN = 300
GENERATED = 10_000
GROWTH_BYTES_MAX = 50 << 20
MUTATED_BYTES_MAX = 4_000
SEED = 7
QUIET_S = 2.0
GENERATED_QUIET_S = 0.2
GIVEN_BACK_S_MAX = 60.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    node.create_topic("t", 1)
    produce(node)
    yield node
    assert node.stop() == 0


def produce(node: NodeProcess) -> None:
    record = {"value": {"type": "STRING", "data": "v"}}
    answer = httpx.post(f"{node.topics}/t/records", json=record, timeout=60)
    assert answer.json()["error_code"] == 200


def generated(cases: list[Hostile], chance: random.Random) -> Iterator[Hostile]:
    """Yield requests made of hostile ones: cut, joined, with bytes changed, doubled, left out."""
    small = [one.data for one in cases if len(one.data) <= MUTATED_BYTES_MAX]
    pieces = [b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"%00", b"%0d%0a", b"{", b"[", b'"', b","]
    pieces += [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n", b"Host: b\r\n", b"\xff"]
    for number in range(GENERATED):
        data = bytearray(chance.choice(small))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data) + 1)
            kind = chance.randrange(5)
            if kind == 0:
                data[at:at] = chance.choice(pieces)
            elif kind == 1:
                del data[at : at + chance.randint(1, 20)]
            elif kind == 2:
                data[at:at] = data[at : at + chance.randint(1, 60)]
            elif kind == 3:
                other = chance.choice(small)
                data[at:] = other[chance.randrange(len(other)) :]
            else:
                data[at : at + 1] = bytes([chance.randrange(256)])
        yield Hostile(
            f"generated {SEED}/{number} {bytes(data)[:200]!r}", bytes(data), answers_max=99
        )


async def test_hostile_input_is_refused_and_the_node_stays_well(node: NodeProcess) -> None:
    cases = [*hostile_heads(), *hostile_bodies(), *hostile_targets()]
    assert len({one.name for one in cases}) >= HAND_MADE_MIN
    before = resident_bytes(node)

    hand_made, by_hand, faults = await send_all(node, cases, QUIET_S)
    made, answered, more = await send_all(
        node, generated(cases, random.Random(SEED)), GENERATED_QUIET_S
    )

    assert not faults + more, "\n".join((faults + more)[:40])
    assert (hand_made, made) == (len(cases), GENERATED)
    assert by_hand > 0.8 * len(cases)
    assert answered > 0.5 * GENERATED
    await given_back(node, before)
    assert not faults_in_log(node.log)
    assert httpx.get(f"{node.url}/readyz", timeout=60).status_code == 200
    produce(node)


async def given_back(node: NodeProcess, before: int) -> None:
    """Wait until the node has no more than it may; freed memory is given back in some seconds."""
    deadline = time.monotonic() + GIVEN_BACK_S_MAX
    while (growth := resident_bytes(node) - before) >= GROWTH_BYTES_MAX:
        assert time.monotonic() < deadline, f"the node has grown by {growth >> 20} MiB"
        await asyncio.sleep(0.5)
