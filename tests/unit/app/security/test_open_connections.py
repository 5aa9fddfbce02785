"""Open connections: cut when the login ends, once, and only those."""

import asyncio
from dataclasses import replace

from app.cluster.security_records import SecurityRecords, UserRecord
from app.security.image import SecurityImage, image_of
from app.security.open_connections import OpenConnections
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from app.security.tls.revoked import RevocationList, RevokedCertificates
from tests.support.security.login import MovedClock
from tests.support.security.records import api_key


def image(*key_ids: str, version: int = 1) -> SecurityImage:
    alice = UserRecord(name="alice", password_hash=None, generation=1, created_at_ms=1)
    return image_of(
        SecurityRecords(
            version=version,
            users=(alice,),
            scram=(),
            api_keys=tuple(api_key(one) for one in key_ids),
            delegation_tokens=(),
            revoked={},
            acls=frozenset(),
            quotas={},
        )
    )


def by_key(key_id: str) -> Principal:
    return Principal("alice", credential=Credential(CredentialKind.API_KEY, key_id))


async def test_all_of_a_key_that_is_gone_are_cut_and_nobody_else() -> None:
    connections, cut = OpenConnections(MovedClock()), list[str]()
    connections.apply(None, image("a", "b"))
    for number in range(100):
        connections.enter(by_key("a"), lambda number=number: cut.append(f"a{number}"))
    connections.enter(by_key("b"), lambda: cut.append("b"))
    connections.enter(ANONYMOUS, lambda: cut.append("nobody"))

    connections.apply(None, image("b", version=2))
    assert cut == []
    await asyncio.sleep(0)
    connections.apply(None, image("b", version=3))
    await asyncio.sleep(0)

    assert sorted(cut) == sorted(f"a{number}" for number in range(100))
    assert len(connections) == 1


async def test_one_that_left_is_not_cut_and_may_leave_again() -> None:
    connections, cut = OpenConnections(MovedClock()), list[str]()
    connections.apply(None, image("a"))
    entered = connections.enter(by_key("a"), lambda: cut.append("a"))

    entered.leave()
    entered.leave()
    connections.apply(None, image(version=2))
    await asyncio.sleep(0)

    assert cut == []


async def test_one_that_enters_with_a_login_that_ended_meanwhile_is_cut() -> None:
    connections, cut = OpenConnections(MovedClock()), list[str]()
    connections.apply(None, image())

    connections.enter(by_key("a"), lambda: cut.append("a"))
    await asyncio.sleep(0)

    assert cut == ["a"]
    assert len(connections) == 0


async def test_a_cut_that_fails_leaves_the_others_theirs() -> None:
    connections, cut = OpenConnections(MovedClock()), list[str]()
    failures = list[object]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    connections.apply(None, image("a"))

    def fail() -> None:
        raise OSError("gone")

    connections.enter(by_key("a"), fail)
    connections.enter(by_key("a"), lambda: cut.append("a"))
    connections.apply(None, image(version=2))
    await asyncio.sleep(0)

    assert cut == ["a"]
    assert [type(one) for one in failures] == [OSError]


async def test_one_whose_time_is_over_is_cut_by_the_next_sweep() -> None:
    clock, cut = MovedClock(seconds=1.0), list[str]()
    connections = OpenConnections(clock)
    connections.apply(None, image("a"))
    connections.enter(replace(by_key("a"), expires_at_ms=2_000), lambda: cut.append("a"))
    running = asyncio.create_task(connections.run(interval_s=0.01))

    connections.sweep()
    await asyncio.sleep(0)
    assert cut == []
    clock.seconds = 2.0
    async with asyncio.timeout(30):
        while not cut:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert cut == ["a"]


async def test_those_of_a_revoked_certificate_are_cut_and_come_in_no_more() -> None:
    revoked, cut = RevokedCertificates(), list[str]()
    connections = OpenConnections(MovedClock(), revoked)
    connections.apply(None, image())
    for serial in (1, 2):
        shown = Credential(CredentialKind.CERTIFICATE, "CN=a", issuer="CN=ca", serial=serial)
        principal = Principal("alice", credential=shown)
        connections.enter(principal, lambda serial=serial: cut.append(f"open {serial}"))

    revoked.replace((RevocationList("CN=ca", frozenset({2}), None),))
    await asyncio.sleep(0)
    connections.enter(principal, lambda: cut.append("late 2"))
    await asyncio.sleep(0)

    assert cut == ["open 2", "late 2"]
    assert len(connections) == 1
