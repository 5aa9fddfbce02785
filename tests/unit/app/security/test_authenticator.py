"""The authenticator: who gets in, who does not, and what neither learns."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.cluster.security_records import ApiKeyRecord
from app.security.audit.event import Result
from app.security.audit.logins import LoginAudit
from app.security.authenticator import Authenticator
from app.security.errors import AuthenticationFailed
from app.security.logins.api_key import hash_of, key_id_of, new_key
from app.security.logins.failed_logins import FREE_FAILURES, LOCKED_S_MAX
from app.security.logins.passwords import REMEMBERED_S, WAITING_OF_ADDRESS_MAX
from app.security.logins.scram_keys import SCRAM_SHA_256, SCRAM_SHA_512, scram_record
from app.security.principal import CredentialKind, Principal
from app.security.tls.client_certificate import ClientCertificate
from app.security.tls.principal_mapping import PrincipalMapping
from app.security.tls.revoked import RevocationList, RevokedCertificates
from app.security.tokens.access_tokens import LIFE_MS, Grant
from app.security.tokens.bearers import Bearers
from tests.support.security.audited import FakeAudit
from tests.support.security.login import Login, login
from tests.support.security.records import api_key, scram

HOST = "10.0.0.1"
CANARY = "canary-correct horse"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Login]:
    """One with the user alice."""
    async with login(tmp_path) as node:
        scram = [scram_record("alice", SCRAM_SHA_256, CANARY)]
        await node.catalog.create_user(
            "alice", password_hash=await node.passwords.hash(CANARY), scram=scram
        )
        await node.watcher.refresh()
        yield node


async def add_key(node: Login, **changes: object) -> str:
    key_id, key = new_key()
    record: ApiKeyRecord = api_key(key_id, secret_hash=hash_of(key), **changes)
    await node.catalog.create_api_key(record)
    await node.watcher.refresh()
    return key


async def refused(node: Login, user: str, password: str, host: str = HOST) -> AuthenticationFailed:
    with pytest.raises(AuthenticationFailed) as caught:
        await node.authenticator.password(user, password, host)
    assert "canary" not in repr(caught.value) + caught.value.log_reason
    return caught.value


async def test_logins_are_written_down_with_why_they_failed_and_no_secret(node: Login) -> None:
    audit = FakeAudit()
    node.authenticator.logins = LoginAudit(node.clock, audit)
    key = await add_key(node)

    await node.authenticator.password("alice", CANARY, HOST)
    await node.authenticator.password("alice", CANARY, HOST)
    node.authenticator.api_key(key, HOST)
    await refused(node, "mallory", CANARY)
    with pytest.raises(AuthenticationFailed):
        node.authenticator.api_key(key[:-1] + ("a" if key[-1] != "a" else "b"), HOST)
    node.authenticator.scram_principal(
        node.authenticator.scram_credential(SCRAM_SHA_256, "alice"), HOST
    )

    written = [(event.result, dict(event.metadata or {})) for event in audit.noted]
    assert written == [
        (Result.SUCCESS, {"mechanism": "password"}),
        (Result.SUCCESS, {"mechanism": "api_key"}),
        (Result.UNAUTHENTICATED, {"mechanism": "password", "identifier": "mallory"}),
        (Result.UNAUTHENTICATED, {"mechanism": "api_key", "identifier": key.split("_")[1]}),
        (Result.SUCCESS, {"mechanism": SCRAM_SHA_256}),
    ]
    assert [event.message for event in audit.noted if event.message] == [
        "wrong user or password",
        "unknown API key",
    ]
    assert "canary" not in repr(audit.noted)
    assert key.split("_", 2)[2] not in repr(audit.noted)


async def test_password_makes_a_principal_that_a_revocation_finds(node: Login) -> None:
    principal = await node.authenticator.password("alice", CANARY, HOST)

    assert principal == Principal("alice")
    assert (principal.host, principal.scopes) == (HOST, None)
    assert principal.credential is not None
    assert (principal.credential.kind, principal.credential.id) == ("password", "alice")
    assert principal.credential.generation == (await node.catalog.load()).users[0].generation


async def test_wrong_password_unknown_user_and_user_without_one_are_refused_alike(
    node: Login,
) -> None:
    await node.catalog.create_user("keys-only")
    await node.watcher.refresh()

    refusals = [
        await refused(node, "alice", "canary-wrong"),
        await refused(node, "bob", CANARY),
        await refused(node, "keys-only", CANARY),
        await refused(node, "alice", CANARY + "\ud800"),
        await refused(node, "\ud800\0", "x" * 5_000),
    ]

    assert {str(one) for one in refusals} == {"Authentication failed."}
    assert {one.log_reason for one in refusals} == {"wrong user or password"}


async def test_changed_password_is_the_only_one_at_once_though_the_old_was_remembered(
    node: Login,
) -> None:
    await node.authenticator.password("alice", CANARY, HOST)

    await node.catalog.alter_user("alice", password_hash=await node.passwords.hash("new one"))
    await node.watcher.refresh()

    await refused(node, "alice", CANARY)
    await node.authenticator.password("alice", "new one", HOST)


async def test_guessing_is_locked_out_from_that_address_and_not_from_another(
    node: Login,
) -> None:
    for guess in range(FREE_FAILURES):
        assert (await refused(node, "alice", f"canary-{guess}")).retry_after_s is None

    locked = await refused(node, "alice", CANARY)

    assert locked.retry_after_s == pytest.approx(1.0)
    await node.authenticator.password("alice", CANARY, "10.0.0.2")
    node.clock.seconds += LOCKED_S_MAX
    await node.authenticator.password("alice", CANARY, HOST)
    await refused(node, "alice", "canary-wrong")
    await node.authenticator.password("alice", CANARY, HOST)


async def test_a_password_that_is_remembered_is_no_way_round_a_lock_out(node: Login) -> None:
    await node.authenticator.password("alice", CANARY, HOST)
    for guess in range(FREE_FAILURES):
        await refused(node, "alice", f"canary-{guess}")

    assert (await refused(node, "alice", CANARY)).log_reason.startswith("locked out")


async def test_many_logins_at_once_with_the_right_password_all_get_in(node: Login) -> None:
    found = await asyncio.gather(
        *(node.authenticator.password("alice", CANARY, HOST) for _ in range(200))
    )

    assert len(found) == 200


async def test_many_guesses_at_once_are_not_more_guesses(node: Login) -> None:
    found = await asyncio.gather(
        *(node.authenticator.password("alice", f"x{one}", HOST) for one in range(30)),
        return_exceptions=True,
    )

    reasons = [one.log_reason for one in found if isinstance(one, AuthenticationFailed)]
    assert len(reasons) == 30
    assert reasons.count("wrong user or password") == FREE_FAILURES


async def test_one_address_cannot_take_all_the_room_of_those_that_wait(node: Login) -> None:
    found = await asyncio.gather(
        *(node.authenticator.password(f"u{one}", "x", HOST) for one in range(20)),
        node.authenticator.password("alice", CANARY, "10.0.0.2"),
        return_exceptions=True,
    )

    reasons = [one.log_reason for one in found if isinstance(one, AuthenticationFailed)]
    assert reasons.count("wrong user or password") == WAITING_OF_ADDRESS_MAX
    assert reasons.count("too many logins at once") == 20 - WAITING_OF_ADDRESS_MAX
    assert found[-1] == Principal("alice")


async def test_the_loop_goes_on_while_passwords_are_checked(node: Login) -> None:
    turns = 0
    checking = asyncio.ensure_future(node.authenticator.password("alice", CANARY, HOST))
    while not checking.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 3


async def test_success_is_forgotten_after_its_time(node: Login) -> None:
    await node.authenticator.password("alice", CANARY, HOST)
    record = (await node.catalog.load()).users[0]
    mark = node.passwords.mark("alice", record.generation, CANARY)

    assert node.passwords.is_known(mark, node.clock.monotonic())
    assert not node.passwords.is_known(mark, node.clock.monotonic() + REMEMBERED_S)


async def test_key_makes_a_principal_of_its_scopes_and_is_noted_as_used(node: Login) -> None:
    key = await add_key(node, scopes=frozenset({"read"}), expires_at_ms=2_000_000)

    principal = node.authenticator.api_key(key, HOST)

    assert principal == Principal("alice")
    assert (principal.scopes, principal.expires_at_ms) == (frozenset({"read"}), 2_000_000)
    assert principal.credential is not None
    assert principal.credential.kind is CredentialKind.API_KEY
    await node.usage.write(node.catalog)
    assert [one.last_used_at_ms for one in await node.catalog.api_keys()] == [1_000_000]


async def test_key_that_is_altered_expired_deleted_or_none_is_refused(node: Login) -> None:
    key = await add_key(node, expires_at_ms=1_000_000)
    alive = await add_key(node)
    last = "A" if alive[-1] != "A" else "B"
    key_id = node.authenticator.api_key(alive, HOST).credential

    for bad in (key, alive[:-1] + last, alive + "A", alive.upper(), new_key()[1], "", "x\ud800"):
        with pytest.raises(AuthenticationFailed) as caught:
            node.authenticator.api_key(bad, HOST)
        assert str(caught.value) == "Authentication failed."
    assert key_id is not None
    await node.catalog.delete_api_key(key_id.id)
    await node.watcher.refresh()
    with pytest.raises(AuthenticationFailed):
        node.authenticator.api_key(alive, HOST)


async def test_scram_credential_of_nobody_looks_like_those_that_clients_made(node: Login) -> None:
    made = scram("bob", SCRAM_SHA_256, iterations=4096, salt=b"s" * 25)
    await node.catalog.create_user("bob", scram=[made])
    await node.watcher.refresh()

    seen = {
        (one.iterations, len(one.salt))
        for one in (
            node.authenticator.scram_credential(SCRAM_SHA_256, f"nobody-{number}")
            for number in range(50)
        )
    }

    assert seen == {(8192, 16), (4096, 25)}


async def test_scram_credential_of_nobody_is_always_the_same_and_good_for_nothing(
    node: Login,
) -> None:
    known = node.authenticator.scram_credential(SCRAM_SHA_256, "alice")
    nobody = node.authenticator.scram_credential(SCRAM_SHA_512, "alice")

    assert nobody == node.authenticator.scram_credential(SCRAM_SHA_512, "alice")
    assert nobody.iterations == known.iterations
    assert node.authenticator.scram_principal(known, HOST) == Principal("alice")
    with pytest.raises(AuthenticationFailed):
        node.authenticator.scram_principal(nobody, HOST)
    with pytest.raises(AuthenticationFailed):
        node.authenticator.scram_principal(replace(known, salt=b"older"), HOST)


async def test_nobody_gets_in_before_users_are_loaded(tmp_path: Path) -> None:
    async with login(tmp_path) as node:
        with pytest.raises(AuthenticationFailed):
            await node.authenticator.password("alice", CANARY, HOST)
        with pytest.raises(AuthenticationFailed):
            node.authenticator.api_key(new_key()[1], HOST)
        with pytest.raises(AuthenticationFailed):
            node.authenticator.scram_credential(SCRAM_SHA_256, "alice")
        token = node.tokens.issue(Grant(user="alice", generation=1), node.clock.now_ms()).token
        await no_bearer(node, token)


async def issued(node: Login, **came_of: str) -> str:
    record = (await node.catalog.load()).users[0]
    grant = Grant(user="alice", generation=record.generation, **came_of)
    return node.tokens.issue(grant, node.clock.now_ms()).token


async def test_token_makes_a_principal_that_a_revocation_finds(node: Login) -> None:
    token = await issued(node)

    principal = await node.authenticator.bearer(token, HOST)

    assert principal == Principal("alice")
    assert (principal.host, principal.scopes) == (HOST, None)
    assert principal.expires_at_ms == 1_000_000 + LIFE_MS
    assert principal.credential is not None
    assert principal.credential.kind is CredentialKind.ACCESS_TOKEN
    await node.catalog.revoke_token(principal.credential.id, principal.expires_at_ms)
    await node.watcher.refresh()
    await no_bearer(node, token)


async def test_token_ends_with_its_time_its_user_its_login_and_its_key(node: Login) -> None:
    key = await add_key(node)
    key_id = key_id_of(key)
    assert key_id is not None
    plain, of_login, of_key = (
        await issued(node),
        await issued(node, login="family"),
        await issued(node, key_id=key_id),
    )
    for token in (plain, of_login, of_key):
        assert await node.authenticator.bearer(token, HOST) == Principal("alice")

    await node.catalog.delete_api_key(key_id)
    await node.catalog.revoke_token("family", 2_000_000)
    await node.watcher.refresh()
    for token in (of_key, of_login):
        await no_bearer(node, token)
    await node.authenticator.bearer(plain, HOST)
    node.clock.seconds += LIFE_MS / 1000
    await no_bearer(node, plain)
    fresh = await issued(node)
    await node.authenticator.bearer(fresh, HOST)
    await node.catalog.alter_user("alice", password_hash=None)
    await node.watcher.refresh()
    await no_bearer(node, fresh)


async def no_bearer(node: Login, token: str) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        await node.authenticator.bearer(token, HOST)
    assert str(caught.value) == "Authentication failed."
    assert token not in caught.value.log_reason


def of(name: str, expires_at_ms: int = 2_000_000) -> ClientCertificate:
    return ClientCertificate(name, expires_at_ms)


def test_a_certificate_makes_a_principal_that_ends_with_it(node: Login) -> None:
    principal = node.authenticator.certificate(of("CN=alice,O=x"), HOST)

    assert principal == Principal("CN=alice,O=x")
    assert (principal.host, principal.expires_at_ms) == (HOST, 2_000_000)
    assert principal.credential is not None
    assert (principal.credential.kind, principal.credential.id) == ("certificate", "CN=alice,O=x")


def test_rules_say_who_a_certificate_stands_for(node: Login) -> None:
    authenticator = Authenticator(
        *(node.watcher, node.clock, node.passwords, node.usage),
        bearers=Bearers(node.tokens),
        pretence=b"",
        mapping=PrincipalMapping("RULE:^CN=(.*?),O=x$/$1/U"),
    )

    assert authenticator.certificate(of("CN=alice,O=x"), HOST) == Principal("ALICE")
    with pytest.raises(AuthenticationFailed):
        authenticator.certificate(of("CN=alice,O=y"), HOST)


def test_a_certificate_that_was_revoked_is_refused(node: Login) -> None:
    revoked = RevokedCertificates()
    revoked.replace((RevocationList("CN=ca", frozenset({7}), None),))
    authenticator = Authenticator(
        *(node.watcher, node.clock, node.passwords, node.usage),
        bearers=Bearers(node.tokens),
        pretence=b"",
        revoked=revoked,
    )

    authenticator.certificate(replace(of("CN=alice"), issuer="CN=ca", serial=8), HOST)
    with pytest.raises(AuthenticationFailed) as caught:
        authenticator.certificate(replace(of("CN=alice"), issuer="CN=ca", serial=7), HOST)

    assert caught.value.log_reason == "revoked certificate"


@pytest.mark.parametrize(
    "shown", [of(""), of("ANONYMOUS"), of("CN=alice", expires_at_ms=1_000_000)]
)
def test_a_certificate_of_nobody_or_that_is_too_old_is_refused(
    node: Login, shown: ClientCertificate
) -> None:
    with pytest.raises(AuthenticationFailed):
        node.authenticator.certificate(shown, HOST)
