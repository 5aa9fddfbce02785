"""What the audit log costs: closed nodes that write down nothing, the usual, and data too.

Over REST: single records and reads by clients that show an API key, beside a node whose audit log
is off, in turns; then changes one after the other, each of which is on disk twice before it is
answered: before it is made and when it was; then registrations of schemas, which are changes, and
such of schemas that are there, which are none.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import httpx
import uvloop

from app.security.bootstrap import FILE
from benchmarks.figures import Figure, Pace
from benchmarks.load import closed_loop, request
from benchmarks.registry.schemas import new_versions, record
from tests.support.node import NodeProcess

CONNECTIONS = 64
WRITERS = 8
TOPICS = "/v3/clusters/-/topics"
USERS = "/v3/clusters/-/users"
BODY = b'{"value":{"type":"JSON","data":{"id":1,"text":"' + b"x" * 80 + b'"}}}'
READ = f"{TOPICS}/read/records?from=earliest&max_records=10"
NAMES = {
    "": "no audit log",
    "authentication,denied,admin": "the audit log",
    "authentication,denied,admin,produce,consume": "the audit log of data too",
}


class _Closed:
    """A node whose clients must log in, and one of them."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        password = (node.directory / FILE).read_text().strip()
        self.admin = httpx.Client(base_url=node.url, auth=("admin", password), timeout=60)
        for name in ("small", "read"):
            wanted = {"topic_name": name, "partitions_count": 1}
            self.admin.post(TOPICS, json=wanted).raise_for_status()
        value = {"value": {"type": "JSON", "data": "x" * 80}}
        for _ in range(10):
            self.admin.post(f"{TOPICS}/read/records", json=value).raise_for_status()
        made = self.admin.post("/v3/clusters/-/api-keys", json={"user": "admin"})
        self.key = made.json()["key"].encode()
        self._numbers = count()

    def showing(self, sent: bytes) -> bytes:
        head, body = sent.split(b"\r\n\r\n", 1)
        return b"%b\r\nauthorization: Bearer %b\r\n\r\n%b" % (head, self.key, body)

    def rate(self, sent: bytes, pace: Pace) -> float:
        """Return requests a second of many connections."""
        repeated = iter(lambda: self.showing(sent), b"")
        return uvloop.run(closed_loop(self.node.port, repeated, CONNECTIONS, pace.seconds))[0]

    def registrations(self, subjects: int, pace: Pace) -> float:
        """Return new versions a second, of so many connections and subjects."""
        versions = new_versions(f"made{next(self._numbers)}", subjects)
        sent = (
            self.showing(request(f"/subjects/{subject}/versions", json.dumps(body).encode()))
            for subject, body in versions
        )
        return uvloop.run(closed_loop(self.node.port, sent, subjects, pace.seconds))[0]

    def changes(self, pace: Pace) -> float:
        """Return changes a second of one client, one after the other."""
        made = 0
        began = time.perf_counter()
        while time.perf_counter() - began < pace.seconds:
            wanted = {"name": f"u{next(self._numbers)}"}
            self.admin.post(USERS, json=wanted).raise_for_status()
            made += 1
        return made / (time.perf_counter() - began)


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure what clients do all day, and changes."""
    with ExitStack() as running:
        off, usual, everything = (
            running.enter_context(_running(directory / f"n{number}", categories))
            for number, categories in enumerate(NAMES)
        )
        produce, read = request(f"{TOPICS}/small/records", BODY), request(READ)
        for node, categories in zip((usual, everything), list(NAMES)[1:], strict=True):
            for what, sent in (("produce, one record", produce), ("read ten records", read)):
                value, floor, ratio = pace.in_turns(
                    lambda sent=sent: off.rate(sent, pace),  # type: ignore[misc]
                    lambda node=node, sent=sent: node.rate(sent, pace),  # type: ignore[misc]
                )
                yield Figure(
                    what=f"{what}, {NAMES[categories]}; floor: none",
                    value=value,
                    unit="requests/s",
                    floor=floor,
                    ratio=ratio,
                )
        value, floor, ratio = pace.in_turns(lambda: off.changes(pace), lambda: usual.changes(pace))
        yield Figure(
            what="make a user, the audit log; floor: none",
            value=value,
            unit="requests/s",
            floor=floor,
            ratio=ratio,
        )
        for subjects in (1, WRITERS):
            value, floor, ratio = pace.in_turns(
                lambda subjects=subjects: off.registrations(subjects, pace),  # type: ignore[misc]
                lambda subjects=subjects: usual.registrations(subjects, pace),  # type: ignore[misc]
            )
            yield Figure(
                what=f"register, {subjects} at once, the audit log; floor: none",
                value=value,
                unit="versions/s",
                floor=floor,
                ratio=ratio,
            )
        known = request("/subjects/known/versions", json.dumps({"schema": record(10)}).encode())
        value, floor, ratio = pace.in_turns(
            lambda: off.rate(known, pace), lambda: usual.rate(known, pace)
        )
        yield Figure(
            what="register what is there, the audit log; floor: none",
            value=value,
            unit="requests/s",
            floor=floor,
            ratio=ratio,
        )


@contextmanager
def _running(directory: Path, categories: str) -> Iterator[_Closed]:
    node = NodeProcess(directory, "--authentication", "required")
    os.environ["CAUCE_AUDIT_CATEGORIES"] = categories
    try:
        node.start()
    finally:
        del os.environ["CAUCE_AUDIT_CATEGORIES"]
    try:
        yield _Closed(node)
    finally:
        node.stop()
