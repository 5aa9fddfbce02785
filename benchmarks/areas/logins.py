"""What logging in costs: tokens, API keys and passwords, beside an open node and a free loop.

Over REST, single records by clients that show a token or a key with every request, beside the same
clients of an open node, in turns. By themselves, checks of tokens that were never seen, of such
that were, and of keys. At last a flood of passwords of users that are not there, from many
addresses: how late a loop's timers are beside it, and beside nothing.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from pathlib import Path

import httpx
import uvloop
from joserfc.jwk import RSAKey

from app.cluster.security_records import ApiKeyRecord
from app.security.bootstrap import FILE
from app.security.errors import AuthenticationFailed
from app.security.logins.api_key import hash_of, new_key
from app.security.tokens.access_tokens import Grant
from app.security.tokens.compact import read_compact
from app.security.tokens.signatures import sign, verify
from benchmarks.figures import Figure, Pace
from benchmarks.load import closed_loop, request
from tests.support.node import NodeProcess
from tests.support.security.login import Login, login

CONNECTIONS = 64
TOKENS = 50
CHECKS_GOAL = 2_000
LATE_MS_GOAL = 10.0
FLOOD = 64
TOPICS = "/v3/clusters/-/topics"
BODY = b'{"value":{"type":"JSON","data":{"id":1,"text":"' + b"x" * 80 + b'"}}}'
HOST = "10.0.0.1"


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Measure both nodes, the checks by themselves, and the loop beside a flood."""
    yield from _over_rest(directory, pace)
    yield from uvloop.run(_by_themselves(directory / "engine", pace))
    yield uvloop.run(_beside_a_flood(directory / "flood", pace))


def _over_rest(directory: Path, pace: Pace) -> Iterator[Figure]:
    free = NodeProcess(directory / "open")
    closed = NodeProcess(directory / "closed", "--authentication", "required")
    try:
        free.start()
        free.create_topic("small", 6)
        closed.start()
        password = (directory / "closed" / FILE).read_text().strip()
        with httpx.Client(base_url=closed.url, auth=("admin", password), timeout=60) as client:
            wanted = {"topic_name": "small", "partitions_count": 6}
            client.post(TOPICS, json=wanted).raise_for_status()
            made = client.post("/v3/clusters/-/api-keys", json={"user": "admin"})
            key = made.json()["key"]
            login = {"grant_type": "client_credentials"}
            tokens = [
                client.post("/v3/auth/token", data=login).json()["access_token"]
                for _ in range(TOKENS)
            ]
        sent = request(f"{TOPICS}/small/records", BODY)
        for what, shown in (
            (f"{TOKENS} access tokens by turns", tokens),
            ("an access token", tokens[:1]),
            ("an API key", [key]),
        ):
            with_login = [_showing(sent, one) for one in shown]
            value, floor, ratio = pace.in_turns(
                lambda: _rate(free, iter(cycle([sent])), pace),
                lambda with_login=with_login: _rate(  # type: ignore[misc]
                    closed, iter(cycle(with_login)), pace
                ),
            )
            yield Figure(
                what=f"produce by {what}; floor: open node",
                value=value,
                unit="requests/s",
                floor=floor,
                ratio=ratio,
            )
    finally:
        free.stop()
        closed.stop()


def _showing(sent: bytes, credential: str) -> bytes:
    head, body = sent.split(b"\r\n\r\n", 1)
    return b"%b\r\nauthorization: Bearer %b\r\n\r\n%b" % (head, credential.encode(), body)


def _rate(node: NodeProcess, sent: Iterator[bytes], pace: Pace) -> float:
    return uvloop.run(closed_loop(node.port, sent, CONNECTIONS, pace.seconds))[0]


async def _by_themselves(directory: Path, pace: Pace) -> list[Figure]:
    directory.mkdir()
    async with login(directory) as node:
        generation = (await node.catalog.create_user("alice")).generation
        key_id, key = new_key()
        await node.catalog.create_api_key(
            ApiKeyRecord(
                key_id=key_id,
                user="alice",
                secret_hash=hash_of(key),
                scopes=None,
                description="",
                created_at_ms=1,
                expires_at_ms=None,
            )
        )
        await node.watcher.refresh()
        grant = Grant(user="alice", generation=generation)
        count = max(200, int(5_000 * pace.scale))

        async def new() -> float:
            now_ms = node.clock.now_ms()
            tokens = [node.tokens.issue(grant, now_ms).token for _ in range(count)]
            return await _per_second(tokens, lambda one: node.authenticator.bearer(one, HOST))

        known = node.tokens.issue(grant, node.clock.now_ms()).token

        async def again() -> float:
            return await _per_second(
                [known] * count, lambda one: node.authenticator.bearer(one, HOST)
            )

        async def by_key() -> float:
            async def check(_: str) -> None:
                node.authenticator.api_key(key, HOST)

            return await _per_second([key] * count, check)

        async def by_rsa() -> float:
            rsa = RSAKey.generate_key(2048)
            token = sign({"alg": "RS256"}, json.dumps({"sub": "alice"}).encode(), rsa)

            async def check(one: str) -> None:
                read_compact(one)
                verify(one, rsa, "RS256")

            return await _per_second([token] * (count // 5), check)

        figures = []
        for what, goal, act in (
            ("tokens that were never seen", CHECKS_GOAL, new),
            ("a token that is known", CHECKS_GOAL, again),
            ("an API key", CHECKS_GOAL, by_key),
            ("signatures by RS256, never remembered", CHECKS_GOAL, by_rsa),
        ):
            value = sorted([await act() for _ in range(pace.rounds)])[pace.rounds // 2]
            figures.append(Figure(what=f"checks of {what}", value=value, unit="/s", goal=goal))
        return figures


async def _per_second(shown: list[str], check: Callable[[str], Awaitable[object]]) -> float:
    began = time.perf_counter()
    for one in shown:
        await check(one)
    return len(shown) / (time.perf_counter() - began)


async def _beside_a_flood(directory: Path, pace: Pace) -> Figure:
    directory.mkdir()
    async with login(directory) as node:
        await node.watcher.refresh()
        idle, flooded = [], []
        for turn in range(pace.rounds):
            idle.append(await _late_ms(pace.seconds))
            flood = [asyncio.create_task(_flood(node, turn, one)) for one in range(FLOOD)]
            flooded.append(await _late_ms(pace.seconds))
            for task in flood:
                task.cancel()
            await asyncio.gather(*flood, return_exceptions=True)
        middle = pace.rounds // 2
        return Figure(
            what="timers late, p99, beside 64 that guess passwords",
            value=sorted(flooded)[middle],
            unit="ms",
            goal=LATE_MS_GOAL,
            is_cost=True,
            floor=sorted(idle)[middle],
        )


async def _flood(node: Login, turn: int, number: int) -> None:
    count = 0
    while True:
        count += 1
        host = f"10.{turn}.{number}.{count % 250}"
        try:
            await node.authenticator.password(f"nobody-{count}", "x", host)
        except AuthenticationFailed as refused:
            if refused.retry_after_s is not None:
                await asyncio.sleep(0.01)


async def _late_ms(seconds: float) -> float:
    """Return how late timers of a millisecond were, at the 99th percentile."""
    late: list[float] = []
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - now - 0.001) * 1e3)
    return sorted(late)[int(len(late) * 0.99)]
