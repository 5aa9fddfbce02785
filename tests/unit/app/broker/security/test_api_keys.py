"""Verbs on API keys: whose one may make, see and delete, and that none is wider than its maker."""

from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    InvalidRequest,
    ResourceNotFound,
    SaslAuthenticationFailed,
    UserAuthorizationFailed,
)
from app.broker.security import api_keys as module
from app.broker.security.api_keys import create_api_key, delete_api_key, list_api_keys
from app.broker.security.users import create_user
from app.security.acls import Resource, ResourceType
from app.security.audit.event import Category
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.logins.api_key import hash_of
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from tests.support.security.audited import FakeAudit

ALICE = Principal("alice", credential=Credential(CredentialKind.PASSWORD, "alice", 1))
LATE_MS = 2**52


def without_rules(context: BrokerContext) -> BrokerContext:
    """Return the broker where no access control list allows anything."""
    authorizer = AclAuthorizer()
    authorizer.load([])
    return replace(context, authorizer=authorizer)


@pytest.fixture
async def users(context: BrokerContext) -> BrokerContext:
    for name in ("alice", "bob"):
        await create_user(context, ANONYMOUS, name, None)
    return context


async def test_key_is_kept_as_a_hash_and_shown_once(users: BrokerContext) -> None:
    made = await create_api_key(users, ALICE, "alice", scopes=["read"], expires_at_ms=LATE_MS)

    assert made.key not in repr(made)
    assert made.record.secret_hash == hash_of(made.key)
    assert await list_api_keys(users, ALICE) == [made.record]
    assert made.key not in repr(await list_api_keys(users, ALICE))

    await delete_api_key(users, ALICE, made.record.key_id)

    assert await list_api_keys(users, ALICE) == []


async def test_own_keys_need_no_permission_and_those_of_others_are_not_there(
    users: BrokerContext,
) -> None:
    of_bob = await create_api_key(users, ANONYMOUS, "bob")
    audit = FakeAudit()
    closed = replace(without_rules(users), audit=audit)

    own = await create_api_key(closed, ALICE, "alice")

    assert audit.kept[0].method == "CreateApiKey"
    assert audit.kept[0].decision is None, "no rule is asked for one's own"
    assert await list_api_keys(closed, ALICE) == [own.record]
    with pytest.raises(UserAuthorizationFailed):
        await create_api_key(closed, ALICE, "bob")
    messages = []
    for key_id in (of_bob.record.key_id, "none"):
        with pytest.raises(ResourceNotFound) as caught:
            await delete_api_key(closed, ALICE, key_id)
        messages.append(str(caught.value))
    assert len(set(messages)) == 1
    whose = Resource(ResourceType.USER, "User:bob")
    assert [one.resource for one in audit.noted if one.category is Category.DENIED] == [whose] * 2
    await delete_api_key(closed, ALICE, own.record.key_id)


async def test_nobody_who_did_not_log_in_has_keys_of_its_own(users: BrokerContext) -> None:
    with pytest.raises(UserAuthorizationFailed):
        await create_api_key(without_rules(users), Principal("alice"), "alice")


async def test_key_is_no_wider_and_no_longer_than_what_its_maker_logged_in_with(
    users: BrokerContext,
) -> None:
    whole = await create_api_key(users, ALICE, "alice")
    by_key = Credential(CredentialKind.API_KEY, whole.record.key_id)
    narrowed = replace(ALICE, scopes=frozenset({"read", "admin"}), credential=by_key)
    ending = replace(ALICE, credential=by_key, expires_at_ms=LATE_MS)

    await create_api_key(users, narrowed, "alice", scopes=["read"])
    await create_api_key(users, ending, "alice", expires_at_ms=LATE_MS)
    for who, scopes, end in (
        (narrowed, None, None),
        (narrowed, ["read", "write"], None),
        (ending, None, None),
        (ending, None, LATE_MS + 1),
    ):
        with pytest.raises(UserAuthorizationFailed):
            await create_api_key(users, who, "alice", scopes=scopes, expires_at_ms=end)
    reader = replace(ALICE, scopes=frozenset({"read"}))
    with pytest.raises(UserAuthorizationFailed):
        await create_api_key(without_rules(users), reader, "alice", scopes=["read"])


async def test_login_that_ended_makes_no_key_where_the_node_has_yet_to_hear_of_it(
    users: BrokerContext,
) -> None:
    """Another node revoked it; this one still believes what it was shown."""
    key = await create_api_key(users, ALICE, "alice")
    by_key = replace(ALICE, credential=Credential(CredentialKind.API_KEY, key.record.key_id))
    by_token = replace(ALICE, credential=Credential(CredentialKind.ACCESS_TOKEN, "t", 1))
    catalog = users.security.catalog
    await catalog.delete_api_key(key.record.key_id)
    await catalog.revoke_token("t", LATE_MS)

    for ended in (by_key, by_token):
        with pytest.raises(SaslAuthenticationFailed):
            await create_api_key(users, ended, "alice")
    await create_api_key(users, ALICE, "alice")
    await catalog.delete_user("alice")
    await catalog.create_user("alice")
    with pytest.raises(SaslAuthenticationFailed):
        await create_api_key(users, ALICE, "alice")

    assert await catalog.api_keys() == []


async def test_what_makes_no_sense_is_refused(
    users: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scopes, text, end in (([], "", None), (["all"], "", None), (None, "a\n", None)):
        with pytest.raises(InvalidRequest):
            await create_api_key(
                users, ALICE, "alice", scopes=scopes, description=text, expires_at_ms=end
            )
    with pytest.raises(InvalidRequest, match="ended already"):
        await create_api_key(users, ALICE, "alice", expires_at_ms=1)
    with pytest.raises(ResourceNotFound):
        await create_api_key(users, ALICE, "nobody")
    monkeypatch.setattr(module, "KEYS_OF_USER_MAX", 0)
    with pytest.raises(InvalidRequest, match="at most 0"):
        await create_api_key(users, ALICE, "alice")


async def test_token_that_was_got_with_a_key_makes_none_that_outlives_the_key(
    users: BrokerContext,
) -> None:
    ending = await create_api_key(users, ALICE, "alice", expires_at_ms=LATE_MS)
    endless = await create_api_key(users, ALICE, "alice")

    def by_token(key_id: str) -> Principal:
        came_of = Credential(CredentialKind.ACCESS_TOKEN, "t", 1, key_id=key_id)
        return replace(ALICE, credential=came_of, expires_at_ms=LATE_MS - 1)

    await create_api_key(users, by_token(endless.record.key_id), "alice")
    await create_api_key(users, by_token(ending.record.key_id), "alice", expires_at_ms=LATE_MS)
    for key_id in (ending.record.key_id, "gone"):
        with pytest.raises(UserAuthorizationFailed):
            await create_api_key(users, by_token(key_id), "alice")
