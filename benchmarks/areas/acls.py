"""What authorization costs: an open node beside one that decides by 10,000 access control lists.

Both take single records over REST, in turns, so that what the machine does meanwhile is the same
for both. The rules are of many principals and names, and some thousands of them are about the
principal that writes. The node that decides lets its clients in without a login: what logging in
costs is another figure.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvloop

from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType, topic
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import ANONYMOUS, Principal
from benchmarks.figures import Figure, Pace
from benchmarks.load import closed_loop, request
from tests.support.node import NodeProcess

CONNECTIONS = 64
RULES = 10_000
PER_REQUEST = 1_000
TOPICS = "/v3/clusters/-/topics"
BODY = b'{"value":{"type":"JSON","data":{"id":1,"text":"' + b"x" * 80 + b'"}}}'
DECIDES = """
from app import wiring
from app.security.authorizer.authorizer import AclAuthorizer
def decides(settings, security):
    authorizer = AclAuthorizer()
    security.subscribe(lambda _, image: authorizer.load(image.acls))
    return authorizer
wiring._authorizer = decides
"""
"""Has the node decide by its rules, whatever its clients need for coming in."""


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure produce on both nodes, and the engine alone."""
    with _running(directory / "open") as free, _running(directory / "deciding") as deciding:
        _load(deciding)
        deciding.stop()
        deciding.prelude = DECIDES
        deciding.start()
        sent = request(f"{TOPICS}/small/records", BODY)
        value, floor, ratio = pace.in_turns(
            lambda: _rate(free, sent, pace), lambda: _rate(deciding, sent, pace)
        )
    yield Figure(
        what="produce, one record, 10,000 ACLs; floor: open node",
        value=value,
        unit="requests/s",
        floor=floor,
        ratio=ratio,
        ratio_goal=0.95,
    )
    yield from _engine(pace)


def _engine(pace: Pace) -> Iterator[Figure]:
    authorizer = AclAuthorizer()
    acls = [_acl(*one) for one in _rules()]

    def load() -> float:
        authorizer.load(())
        began = time.perf_counter()
        authorizer.load(acls)
        return (time.perf_counter() - began) * 1e3

    yield Figure(what="index of 10,000 ACLs", value=pace.median(load), unit="ms", is_cost=True)

    def asks(count: int, names: int) -> float:
        authorizer.load(())
        authorizer.load(acls)
        principal = Principal("u7", host="10.0.0.1")
        resources = [topic(f"t{number}") for number in range(names)]
        began = time.perf_counter()
        for number in range(count):
            authorizer.authorize(principal, Operation.READ, resources[number % names])
        return (time.perf_counter() - began) * 1e6 / count

    new = pace.median(lambda: asks(10_000, 10_000))
    again = pace.median(lambda: asks(200_000, 100))
    yield Figure(what="a decision that is new", value=new, unit="us", is_cost=True)
    yield Figure(what="a decision that was taken before", value=again, unit="us", is_cost=True)


@contextmanager
def _running(directory: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(directory)
    node.start()
    try:
        node.create_topic("small", 6)
        yield node
    finally:
        node.stop()


def _rules() -> Iterator[tuple[str, str, str]]:
    """Yield pattern, name and principal of each rule."""
    yield "PREFIXED", "sm", "User:*"
    for number in range(1, RULES):
        pattern = "PREFIXED" if number % 3 else "LITERAL"
        who = str(ANONYMOUS) if number % 4 == 0 else f"User:u{number % 500}"
        yield pattern, f"t{number}", who


def _acl(pattern: str, name: str, principal: str) -> Acl:
    read, allow = Operation.ALL, Permission.ALLOW
    return Acl(ResourceType.TOPIC, PatternType(pattern), name, principal, "*", read, allow)


def _load(node: NodeProcess) -> None:
    rules = [
        {
            "resource_type": "TOPIC",
            "resource_name": name,
            "pattern_type": pattern,
            "principal": principal,
            "host": "*",
            "operation": "ALL",
            "permission": "ALLOW",
        }
        for pattern, name, principal in _rules()
    ]
    for start in range(0, RULES, PER_REQUEST):
        body = {"data": rules[start : start + PER_REQUEST]}
        answer = httpx.post(f"{node.url}/v3/clusters/-/acls:batch", json=body, timeout=60)
        assert answer.status_code == 201, answer.text


def _rate(node: NodeProcess, sent: bytes, pace: Pace) -> float:
    return uvloop.run(closed_loop(node.port, sent, CONNECTIONS, pace.seconds))[0]
