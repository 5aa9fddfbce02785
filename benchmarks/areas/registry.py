"""Speed of the Schema Registry over HTTP, on SQLite and on PostgreSQL; client and node share cores.

Floors: the same HTTP stack with a route that reads the body and answers as many bytes; for what is
written, a plain append with fdatasync. PostgreSQL is a server of this machine, where there is one.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

import httpx
import uvloop

from benchmarks import floors
from benchmarks.figures import Figure, Pace
from benchmarks.load import closed_loop, request
from benchmarks.registry.schemas import Body, checks, fill, new_versions, record
from tests.support.node import NodeProcess
from tests.support.postgres import postgresql

CONNECTIONS = 64
ASKED_MIN = 2_000
REGISTERED_MIN = 200
WRITERS = 8
CHECK_MS_MAX = 50
SUBJECTS = 100_000
START_SECONDS_MAX = 3
PAGE = 1_000
PAGE_MS_MAX = 500
ANSWER_BYTES = 700
ROW_BYTES = 400
"""About what a registration writes."""

CLIENT = httpx.Client(timeout=60)
"""To make one takes longer than what is measured."""

run = uvloop.run


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure a node on SQLite, then one on PostgreSQL."""
    sqlite = NodeProcess(directory / "sqlite")
    yield from _measure(sqlite, f"sqlite:///{directory / 'sqlite' / 'cauce.db'}", pace, "SQLite")
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return
    with postgresql() as url:
        node = NodeProcess(directory / "postgresql", "--database-url", url)
        yield from _measure(node, url, pace, "PostgreSQL")


def _measure(node: NodeProcess, url: str, pace: Pace, database: str) -> Iterator[Figure]:
    node.start()
    try:
        yield from _asked(node, pace, database)
        yield from _registered(node, pace, database)
        yield from _checked(node, pace, database)
        node.stop()
        subjects = int(SUBJECTS * pace.scale)
        asyncio.run(fill(url, subjects))
        began = time.perf_counter()
        node.start()
        yield Figure(
            what=f"{database}: start with {subjects:,} subjects",
            value=time.perf_counter() - began,
            unit="s",
            goal=START_SECONDS_MAX,
            is_cost=True,
        )
        yield from _many(node, subjects, pace)
    finally:
        node.stop()


def _asked(node: NodeProcess, pace: Pace, database: str) -> Iterator[Figure]:
    """Ask by content and by id."""
    body = json.dumps({"schema": record(10)}).encode()
    answer = httpx.post(f"{node.url}/subjects/asked/versions", content=body)
    assert answer.status_code == 200, answer.text
    idle = floors.IdleServer(answer_bytes=ANSWER_BYTES)
    try:
        for what, sent in (
            ("lookup", request("/subjects/asked", body)),
            ("get by id", request(f"/schemas/ids/{answer.json()['id']}")),
        ):
            floor = request("/floor", body if what == "lookup" else b"")
            value, least, ratio = pace.in_turns(
                lambda floor=floor: _rate(idle.port, floor, CONNECTIONS, pace),  # type: ignore[misc]
                lambda sent=sent: _rate(node.port, sent, CONNECTIONS, pace),  # type: ignore[misc]
            )
            yield Figure(
                what=f"{database}: {what}, 64 connections",
                value=value,
                unit="requests/s",
                goal=ASKED_MIN,
                floor=least,
                ratio=ratio,
            )
    finally:
        idle.stop()


def _registered(node: NodeProcess, pace: Pace, database: str) -> Iterator[Figure]:
    """Register new versions: each subject's next one, every time with a field more."""
    names = count()
    for what, subjects, connections in (
        ("one subject, one connection", 1, 1),
        ("eight subjects, eight connections", WRITERS, WRITERS),
    ):

        def rate(subjects: int = subjects, connections: int = connections) -> float:
            return _rate(node.port, _register(f"made{next(names)}", subjects), connections, pace)

        value, floor, ratio = pace.in_turns(lambda: _synced(node, pace), rate)
        yield Figure(
            what=f"{database}: register, {what}",
            value=value,
            unit="versions/s",
            goal=REGISTERED_MIN,
            floor=floor,
            ratio=ratio,
        )


def _checked(node: NodeProcess, pace: Pace, database: str) -> Iterator[Figure]:
    """Check 200 fields against 200 fields, each time a text that was not seen before."""
    for kind, schemas in checks().items():
        made = httpx.post(f"{node.url}/subjects/checked{kind}/versions", json=next(schemas))
        assert made.status_code == 200, made.text
        path = f"/compatibility/subjects/checked{kind}/versions/latest"

        def one(path: str = path, schemas: Iterator[Body] = schemas) -> float:
            body = json.dumps(next(schemas)).encode()
            began = time.perf_counter()
            found = CLIENT.post(f"{node.url}{path}", content=body)
            took = time.perf_counter() - began
            assert found.json()["is_compatible"] is True, found.text
            return took * 1000

        one()
        values = sorted(one() for _ in range(max(5, int(40 * pace.scale))))
        yield Figure(
            what=f"{database}: check of 200 fields, {kind}",
            value=values[len(values) // 2],
            unit="ms",
            goal=CHECK_MS_MAX,
            is_cost=True,
        )


def _many(node: NodeProcess, subjects: int, pace: Pace) -> Iterator[Figure]:
    """Use a registry that has many subjects."""
    yield Figure(
        what=f"  a page of {PAGE:,} subjects, the last one",
        value=_milliseconds(
            pace, lambda: _page(f"{node.url}/subjects?offset={subjects - PAGE}&limit={PAGE}")
        ),
        unit="ms",
        goal=PAGE_MS_MAX,
        is_cost=True,
    )
    yield Figure(
        what=f"  a page of {PAGE:,} latest schemas",
        value=_milliseconds(
            pace,
            lambda: _page(
                f"{node.url}/schemas?latestOnly=true&offset={subjects - PAGE}&limit={PAGE}"
            ),
        ),
        unit="ms",
    )
    chance = Random(subjects)

    def lookups() -> Iterator[bytes]:
        while True:
            number = chance.randrange(subjects)
            body = json.dumps({"schema": record(3, f"Many{number}")}).encode()
            yield request(f"/subjects/many-{number:06}", body)

    def ids() -> Iterator[bytes]:
        while True:
            yield request(f"/schemas/ids/{1 + chance.randrange(subjects)}")

    one = json.dumps({"schema": record(3, "Many0")}).encode()
    for what, sent, goal in (
        (
            "  lookup in one of them, 64 connections",
            request("/subjects/many-000000", one),
            ASKED_MIN,
        ),
        ("  lookup in a random one, each a new text", lookups(), None),
        ("  get by a random id, 64 connections", ids(), ASKED_MIN),
    ):
        yield Figure(
            what=what,
            value=pace.median(lambda sent=sent: _rate(node.port, sent, CONNECTIONS, pace)),  # type: ignore[misc]
            unit="requests/s",
            goal=goal,
        )
    sent = _register("beside", WRITERS)
    yield Figure(
        what="  register, eight connections",
        value=pace.median(lambda: _rate(node.port, sent, WRITERS, pace)),
        unit="versions/s",
        goal=REGISTERED_MIN,
    )


def _register(prefix: str, subjects: int) -> Iterator[bytes]:
    for subject, body in new_versions(prefix, subjects):
        yield request(f"/subjects/{subject}/versions", json.dumps(body).encode())


def _page(url: str) -> None:
    answer = CLIENT.get(url)
    assert len(answer.json()) == PAGE, answer.text[:200]


def _milliseconds(pace: Pace, work: Callable[[], None]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000

    return pace.median(once)


def _synced(node: NodeProcess, pace: Pace) -> float:
    return floors.append_and_sync(node.directory.parent, ROW_BYTES, pace.seconds / 2)


def _rate(port: int, sent: bytes | Iterator[bytes], connections: int, pace: Pace) -> float:
    return run(closed_loop(port, sent, connections, pace.seconds))[0]
