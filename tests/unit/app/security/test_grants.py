"""Grants: who gets tokens, for what, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.conn import ScramAuthenticator

from app.security.audit.audit import AuditUnwritable
from app.security.audit.event import Result
from app.security.audit.logins import LoginAudit
from app.security.errors import AuthenticationFailed
from app.security.grants import (
    LOGIN_LIFE_MS,
    REFRESH_LIFE_MS,
    GrantRefused,
    Grants,
    Issued,
    scopes_of,
)
from app.security.logins.api_key import hash_of, new_key
from app.security.logins.failed_logins import FREE_FAILURES
from app.security.logins.scram_keys import SCRAM_SHA_256, scram_record
from app.security.principal import Principal
from app.security.tokens.access_tokens import LIFE_MS, SKEW_MS
from app.security.tokens.exchanges import LIFE_MS as EXCHANGE_LIFE_MS
from app.security.tokens.exchanges import Exchanges
from tests.support.security.audited import FakeAudit
from tests.support.security.login import Login, login
from tests.support.security.records import api_key

HOST, PASSWORD = "10.0.0.1", "canary-correct horse"
READ = frozenset({"read"})
FIRST = b"n,,n=alice,r=clientnonce"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Login]:
    """One with the user alice."""
    async with login(tmp_path) as node:
        scram = [scram_record("alice", SCRAM_SHA_256, PASSWORD)]
        await node.catalog.create_user(
            "alice", password_hash=await node.passwords.hash(PASSWORD), scram=scram
        )
        await node.watcher.refresh()
        yield node


@pytest.fixture
def grants(node: Login) -> Grants:
    """Of that node."""
    return grants_of(node)


def grants_of(node: Login, audit: FakeAudit | None = None) -> Grants:
    known = (node.authenticator, node.tokens, Exchanges(b"e" * 32), node.watcher, node.clock)
    return Grants(*known, audit=audit, failed_login_delay_s=0.0)


async def refused(awaited: Any, error: str) -> GrantRefused:
    with pytest.raises(GrantRefused) as caught:
        await awaited
    assert caught.value.error == error
    assert "canary" not in str(caught.value)
    return caught.value


async def who(node: Login, issued: Issued) -> Principal:
    return await node.authenticator.bearer(issued.access_token, HOST)


async def is_over(node: Login, issued: Issued) -> bool:
    try:
        await who(node, issued)
    except AuthenticationFailed:
        return True
    return False


def begin(grants: Grants, password: str, user: str = "alice") -> tuple[str, bytes, Any]:
    """Begin an exchange as a client of aiokafka's; return its id and the final message."""
    client = ScramAuthenticator(
        loop=None,
        sasl_plain_password=password,
        sasl_plain_username=user,
        sasl_mechanism=SCRAM_SHA_256,
    )
    exchange, said = grants.begin_scram(SCRAM_SHA_256, client.first_message().encode(), HOST)
    client.process_server_first_message(said.decode())
    return exchange, client.final_message().encode(), client


async def add_key(node: Login, **changes: Any) -> str:
    key_id, key = new_key()
    await node.catalog.create_api_key(api_key(key_id, secret_hash=hash_of(key), **changes))
    await node.watcher.refresh()
    return key


async def test_password_gets_both_tokens_and_a_wrong_one_none(node: Login, grants: Grants) -> None:
    issued = await grants.log_in("alice", PASSWORD, HOST, READ)

    found = await who(node, issued)
    assert (found, found.scopes, issued.scopes) == (Principal("alice"), READ, READ)
    assert issued.expires_in_s == LIFE_MS // 1000
    assert issued.refresh_token is not None
    assert issued.refresh_token not in repr(issued)
    await refused(grants.log_in("alice", "canary-wrong", HOST, None), "invalid_client")
    await refused(grants.log_in("bob", PASSWORD, HOST, None), "invalid_client")


async def test_key_gets_an_access_token_alone_no_wider_and_no_longer(
    node: Login, grants: Grants
) -> None:
    ends_at_ms = node.clock.now_ms() + 60_000
    key = await add_key(node, scopes=READ, expires_at_ms=ends_at_ms)

    issued = await grants.log_in("", key, HOST, None)

    assert issued.refresh_token is None
    found = await who(node, issued)
    assert (found.scopes, found.expires_at_ms) == (READ, ends_at_ms)
    await refused(grants.log_in("", key, HOST, frozenset({"read", "write"})), "invalid_scope")
    assert found.credential is not None
    await node.catalog.delete_api_key(found.credential.key_id)
    await node.watcher.refresh()
    assert await is_over(node, issued)


async def test_refresh_token_has_a_successor_of_the_same_scopes(
    node: Login, grants: Grants
) -> None:
    first = await grants.log_in("alice", PASSWORD, HOST, frozenset({"read", "write"}))
    assert first.refresh_token is not None

    await refused(grants.refresh(first.refresh_token, HOST, frozenset({"admin"})), "invalid_scope")
    narrow = await grants.refresh(first.refresh_token, HOST, READ)
    assert narrow.refresh_token is not None
    wide = await grants.refresh(narrow.refresh_token, HOST, None)

    assert (await who(node, narrow)).scopes == READ
    assert (await who(node, wide)).scopes == {"read", "write"}
    assert not await is_over(node, first)


async def test_login_ends_however_often_its_refresh_tokens_are_used(
    node: Login, grants: Grants
) -> None:
    issued = await grants.log_in("alice", PASSWORD, HOST, None)
    end_ms = node.clock.now_ms() + LOGIN_LIFE_MS
    for _ in range(LOGIN_LIFE_MS // REFRESH_LIFE_MS):
        node.clock.seconds += REFRESH_LIFE_MS / 1000 - 1
        issued = await grants.refresh(str(issued.refresh_token), HOST, None)

    node.clock.seconds = end_ms / 1000 - 10
    issued = await grants.refresh(str(issued.refresh_token), HOST, None)
    assert issued.expires_in_s == 10
    node.clock.seconds += 10
    await refused(grants.refresh(str(issued.refresh_token), HOST, None), "invalid_grant")
    assert await is_over(node, issued)


async def test_refresh_token_used_twice_ends_the_login_with_its_access_tokens(
    node: Login, grants: Grants
) -> None:
    first = await grants.log_in("alice", PASSWORD, HOST, None)
    other = await grants.log_in("alice", PASSWORD, HOST, None)
    assert first.refresh_token is not None
    second = await grants.refresh(first.refresh_token, HOST, None)
    assert second.refresh_token is not None

    await refused(grants.refresh(first.refresh_token, HOST, None), "invalid_grant")

    await refused(grants.refresh(second.refresh_token, HOST, None), "invalid_grant")
    assert [await is_over(node, one) for one in (first, second, other)] == [True, True, False]


async def test_refresh_token_used_twice_at_once_is_known_to_be_stolen_at_once(
    node: Login, grants: Grants
) -> None:
    audit = FakeAudit()
    node.authenticator.logins = LoginAudit(node.clock, audit)
    first = await grants.log_in("alice", PASSWORD, HOST, None)
    token = str(first.refresh_token)

    both = await asyncio.gather(
        *(grants.refresh(token, HOST, None) for _ in range(2)), return_exceptions=True
    )

    (got,) = [one for one in both if isinstance(one, Issued)]
    assert await is_over(node, first)
    assert await is_over(node, got)
    failed = [one.message for one in audit.noted if one.result is Result.UNAUTHENTICATED]
    assert "a refresh token that was used before: its login is ended" in failed


async def test_refresh_token_ends_with_its_time_the_password_and_the_user(
    node: Login, grants: Grants
) -> None:
    await node.catalog.create_user("bob", password_hash=await node.passwords.hash(PASSWORD))
    await node.watcher.refresh()
    users = ("alice", "alice", "bob")
    tokens = [(await grants.log_in(one, PASSWORD, HOST, None)).refresh_token for one in users]
    late, changed, gone = (str(one) for one in tokens)

    await refused(grants.refresh("cauce-refresh-canary", HOST, None), "invalid_grant")
    await refused(grants.refresh("canary", HOST, None), "invalid_grant")
    now = node.clock.seconds
    node.clock.seconds += REFRESH_LIFE_MS / 1000
    await refused(grants.refresh(late, HOST, None), "invalid_grant")
    node.clock.seconds = now
    await node.catalog.alter_user("alice", password_hash="x")
    await refused(grants.refresh(changed, HOST, None), "invalid_grant")
    gone = str((await grants.refresh(gone, HOST, None)).refresh_token)  # bob's is good until then
    await node.catalog.delete_user("bob")
    await refused(grants.refresh(gone, HOST, None), "invalid_grant")


async def test_old_password_that_a_node_still_believes_gets_no_refresh_token(
    node: Login, grants: Grants
) -> None:
    await node.catalog.alter_user("alice", password_hash="x")  # elsewhere: not seen here yet

    await refused(grants.log_in("alice", PASSWORD, HOST, None), "invalid_client")


async def test_revoked_refresh_token_ends_its_login_and_an_access_token_itself(
    node: Login, grants: Grants
) -> None:
    first = await grants.log_in("alice", PASSWORD, HOST, None)
    second = await grants.log_in("alice", PASSWORD, HOST, None)

    await grants.revoke(str(first.refresh_token), HOST)
    await grants.revoke(second.access_token, HOST)
    for unknown in ("", "x.y.z", "cauce-refresh-x", second.access_token):
        await grants.revoke(unknown, HOST)

    assert await is_over(node, first)
    assert await is_over(node, second)
    await refused(grants.refresh(str(first.refresh_token), HOST, None), "invalid_grant")
    assert await who(node, await grants.refresh(str(second.refresh_token), HOST, None))


async def forgotten_by_a_fast_clock(node: Login, seconds: float) -> None:
    """Have this node be 30 s from the end of what lives so long, and one of a fast clock tidy."""
    node.clock.seconds += seconds - 30
    await node.catalog.forget_expired(node.clock.now_ms() + SKEW_MS - 1)
    await node.catalog.create_user(f"other-{seconds}")  # so that there is another image
    await node.watcher.refresh()


async def test_revoked_token_stays_so_on_a_node_whose_clock_is_slow(
    node: Login, grants: Grants
) -> None:
    issued = await grants.log_in("alice", PASSWORD, HOST, None)
    await grants.revoke(issued.access_token, HOST)

    await forgotten_by_a_fast_clock(node, LIFE_MS / 1000)

    assert await is_over(node, issued)


async def test_exchange_that_was_used_stays_so_on_a_node_whose_clock_is_slow(
    node: Login, grants: Grants
) -> None:
    exchange, final, _ = begin(grants, PASSWORD)
    await grants.end_scram(exchange, final, HOST, None)

    await forgotten_by_a_fast_clock(node, EXCHANGE_LIFE_MS / 1000)

    await refused(grants.end_scram(exchange, final, HOST, None), "invalid_grant")


async def test_scram_proof_gets_tokens_once(node: Login, grants: Grants) -> None:
    exchange, final, client = begin(grants, PASSWORD)

    issued, proof = await grants.end_scram(exchange, final, HOST, READ)

    client.process_server_final_message(proof.decode())  # raises if it is wrong
    assert (await who(node, issued)).scopes == READ
    assert issued.refresh_token is not None
    await refused(grants.end_scram(exchange, final, HOST, None), "invalid_grant")
    again, _ = grants.begin_scram(SCRAM_SHA_256, FIRST, HOST)
    await refused(grants.end_scram(again, final, HOST, None), "invalid_grant")


async def test_scram_of_a_wrong_password_another_address_or_too_late_gets_none(
    node: Login, grants: Grants
) -> None:
    for name in ("alice", "nobody"):
        exchange, wrong, _ = begin(grants, "canary-wrong", name)
        await refused(grants.end_scram(exchange, wrong, HOST, None), "invalid_grant")
    for host, waited in (("10.0.0.2", 0.0), (HOST, EXCHANGE_LIFE_MS / 1000)):
        exchange, good, _ = begin(grants, PASSWORD)
        node.clock.seconds += waited
        await refused(grants.end_scram(exchange, good, host, None), "invalid_grant")
    for mechanism, message in ((SCRAM_SHA_256, b"canary"), ("PLAIN", FIRST)):
        with pytest.raises(GrantRefused):
            grants.begin_scram(mechanism, message, HOST)
    with pytest.raises(GrantRefused):
        grants.begin_scram(SCRAM_SHA_256, FIRST + b",tokenauth=true", HOST)


async def test_guessing_by_scram_is_locked_out(grants: Grants) -> None:
    for _ in range(FREE_FAILURES):
        exchange, wrong, _ = begin(grants, "canary-wrong")
        await refused(grants.end_scram(exchange, wrong, HOST, None), "invalid_grant")

    exchange, good, _ = begin(grants, PASSWORD)
    locked = await refused(grants.end_scram(exchange, good, HOST, None), "temporarily_unavailable")
    assert locked.retry_after_s is not None


async def test_exchange_ends_on_any_node_and_gets_tokens_on_one(
    node: Login, grants: Grants
) -> None:
    other = grants_of(node)
    exchange, final, _ = begin(grants, PASSWORD)
    _, wrong, _ = begin(grants, "canary-wrong")

    await refused(other.end_scram(exchange, wrong, HOST, None), "invalid_grant")
    ends = [one.end_scram(exchange, final, HOST, None) for one in (grants, other)]
    issued = await asyncio.gather(*ends, return_exceptions=True)

    assert sorted(type(one).__name__ for one in issued) == ["GrantRefused", "tuple"]


async def test_exchange_of_a_password_that_changed_meanwhile_gets_none(
    node: Login, grants: Grants
) -> None:
    exchange, final, _ = begin(grants, PASSWORD)

    changed = [scram_record("alice", SCRAM_SHA_256, "another password")]
    await node.catalog.alter_user("alice", scram=changed)
    await node.watcher.refresh()

    await refused(grants.end_scram(exchange, final, HOST, None), "invalid_grant")


async def test_tokens_and_refused_ones_are_in_the_audit_log(node: Login, grants: Grants) -> None:
    audit = FakeAudit()
    node.authenticator.logins = LoginAudit(node.clock, audit)

    first = await grants.log_in("alice", PASSWORD, HOST, None)
    second = await grants.refresh(str(first.refresh_token), HOST, None)
    issued = await who(node, second)
    await refused(grants.refresh(str(first.refresh_token), HOST, None), "invalid_grant")
    await refused(grants.refresh("cauce-refresh-canary", HOST, None), "invalid_grant")
    exchange, wrong, _ = begin(grants, "canary-wrong")
    await refused(grants.end_scram(exchange, wrong, HOST, None), "invalid_grant")
    await refused(grants.end_scram("canary", wrong, HOST, None), "invalid_grant")
    with pytest.raises(GrantRefused):
        grants.begin_scram(SCRAM_SHA_256, b"canary", HOST)
    assert grants.unreadable(HOST, "does not read").error == "invalid_client"

    found = [(one.method, (one.metadata or {})["mechanism"], one.result) for one in audit.noted]
    assert found == [
        ("Authentication", "password", Result.SUCCESS),
        ("IssueToken", "client_credentials", Result.SUCCESS),
        ("IssueToken", "refresh_token", Result.SUCCESS),
        ("Authentication", "bearer", Result.SUCCESS),
        ("Authentication", "refresh_token", Result.UNAUTHENTICATED),
        ("Authentication", "refresh_token", Result.UNAUTHENTICATED),
        ("Authentication", SCRAM_SHA_256, Result.UNAUTHENTICATED),
        ("Authentication", "scram", Result.UNAUTHENTICATED),
        ("Authentication", SCRAM_SHA_256, Result.UNAUTHENTICATED),
        ("Authentication", "client_credentials", Result.UNAUTHENTICATED),
    ]
    assert issued.credential is not None
    assert (audit.noted[2].metadata or {})["tokenId"] == issued.credential.id
    assert (audit.noted[2].metadata or {})["login"] == issued.credential.login
    assert "used before" in audit.noted[4].message
    assert "canary" not in repr(audit.noted)


async def test_revocation_is_in_the_audit_log_before_it_is_made(
    node: Login, grants: Grants
) -> None:
    audit = FakeAudit(is_failing=True)
    audited = grants_of(node, audit)
    issued = await grants.log_in("alice", PASSWORD, HOST, None)
    principal = await who(node, issued)
    assert principal.credential is not None

    for token in (issued.access_token, str(issued.refresh_token)):
        with pytest.raises(AuditUnwritable):
            await audited.revoke(token, HOST)
    assert not await is_over(node, issued)
    audit.is_failing = False
    for token in (issued.access_token, str(issued.refresh_token), "cauce-refresh-canary"):
        await audited.revoke(token, HOST)

    assert await is_over(node, issued)
    assert [(one.method, one.items, one.result) for one in audit.kept] == [
        ("RevokeToken", (f"token {principal.credential.id}",), None),
        ("RevokeToken", (), Result.SUCCESS),
        ("RevokeToken", (f"login {principal.credential.login}",), None),
        ("RevokeToken", (), Result.SUCCESS),
    ]
    assert {str(one.principal) for one in audit.kept} == {"User:alice"}


def test_scopes_are_known_ones() -> None:
    assert scopes_of({}) is None
    assert scopes_of({"scope": " "}) is None
    assert scopes_of({"scope": "read  write"}) == {"read", "write"}
    with pytest.raises(GrantRefused):
        scopes_of({"scope": "read root"})
