"""Verbs on delegation tokens: who may make, renew, end and see them, and how long they stand."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    AuditUnavailable,
    BrokerError,
    DelegationTokenAuthorizationFailed,
    DelegationTokenExpired,
    DelegationTokenNotFound,
    DelegationTokenOwnerMismatch,
    DelegationTokenRequestNotAllowed,
    InvalidPrincipalType,
    InvalidRequest,
    SaslAuthenticationFailed,
)
from app.broker.security import delegation_tokens as module
from app.broker.security.delegation_tokens import (
    create_delegation_token,
    expire_delegation_token,
    find_delegation_token,
    list_delegation_tokens,
    renew_delegation_token,
)
from app.security.acls import Acl, Operation, PatternType, Permission, Resource, ResourceType
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from tests.support.security.audited import FakeAudit
from tests.support.security.login import MovedClock
from tests.support.security.records import api_key

DAY_MS = 86_400_000
SHORT_MS = 1_000


def user(name: str, kind: CredentialKind = CredentialKind.CERTIFICATE) -> Principal:
    """Return who need be no user of ours."""
    return Principal(name, credential=Credential(kind, name))


ALICE, BOB, CAROL = map(user, ("alice", "bob", "carol"))


def allowed(who: Principal, operation: Operation, kind: ResourceType, name: str) -> Acl:
    literal, allow = PatternType.LITERAL, Permission.ALLOW
    return Acl(kind, literal, name, str(who), "*", operation, allow)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(4_000_000_000.0)  # later than the node's, which forgets what is over


@pytest.fixture
def closed(context: BrokerContext, clock: MovedClock) -> BrokerContext:
    """A broker where Carol may make and see Bob's tokens, and nobody may do more."""
    rules = [
        allowed(CAROL, one, ResourceType.USER, "User:bob")
        for one in (Operation.CREATE_TOKENS, Operation.DESCRIBE_TOKENS)
    ]
    authorizer = AclAuthorizer()
    authorizer.load(rules)
    context.delegation_tokens._clock = clock
    return replace(context, authorizer=authorizer, clock=clock)


async def test_token_is_made_of_oneself_and_stands_for_a_day(closed: BrokerContext) -> None:
    made = await create_delegation_token(closed, ALICE, renewers=[BOB])

    record, now_ms = made.record, closed.clock.now_ms()
    assert (record.owner, record.requester, record.renewers) == (
        "User:alice",
        "User:alice",
        ("User:bob",),
    )
    assert (record.issued_at_ms, record.expires_at_ms) == (now_ms, now_ms + DAY_MS)
    assert record.max_at_ms == now_ms + 7 * DAY_MS
    assert len(made.secret) == 64
    assert repr(made.secret) not in repr(made)


async def test_token_stands_no_longer_than_asked_for_than_configured_or_than_the_key_it_is_made_by(
    closed: BrokerContext,
) -> None:
    now_ms = closed.clock.now_ms()
    await closed.security.catalog.create_user("alice")
    await closed.security.catalog.create_api_key(api_key("alice"))
    by_key = replace(user("alice", CredentialKind.API_KEY), expires_at_ms=now_ms + 7)

    short = await create_delegation_token(closed, ALICE, max_lifetime_ms=SHORT_MS)
    long = await create_delegation_token(closed, ALICE, max_lifetime_ms=99 * DAY_MS)
    of_key = await create_delegation_token(closed, by_key)

    assert short.record.expires_at_ms == short.record.max_at_ms == now_ms + SHORT_MS
    assert long.record.max_at_ms == now_ms + 7 * DAY_MS
    assert of_key.record.expires_at_ms == of_key.record.max_at_ms == now_ms + 7


@pytest.mark.parametrize(
    "principal",
    [
        ANONYMOUS,
        user("alice", CredentialKind.DELEGATION_TOKEN),
        replace(user("alice", CredentialKind.API_KEY), scopes=frozenset({"read", "write"})),
    ],
    ids=["anonymous", "token", "narrowed key"],
)
async def test_who_did_not_log_in_as_a_whole_user_cannot_ask(
    closed: BrokerContext, principal: Principal
) -> None:
    secret = (await create_delegation_token(closed, ALICE)).secret
    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: create_delegation_token(closed, principal),
        lambda: renew_delegation_token(closed, principal, secret),
        lambda: expire_delegation_token(closed, principal, secret),
    ]

    for ask in asked:
        with pytest.raises(DelegationTokenRequestNotAllowed):
            await ask()
    with pytest.raises(DelegationTokenRequestNotAllowed):
        list_delegation_tokens(closed, principal)
    with pytest.raises(DelegationTokenRequestNotAllowed):
        find_delegation_token(closed, principal, "any")


async def test_user_that_is_deleted_while_it_makes_tokens_has_none_left(
    closed: BrokerContext,
) -> None:
    catalog = closed.security.catalog
    made = await catalog.create_user("alice")
    alice = Principal(
        "alice", credential=Credential(CredentialKind.PASSWORD, "alice", made.generation)
    )

    async def make() -> None:
        while True:
            await create_delegation_token(closed, alice)

    making = [asyncio.create_task(make()) for _ in range(4)]
    while not list_delegation_tokens(closed, alice):
        await asyncio.sleep(0)
    await catalog.delete_user("alice")
    ended = await asyncio.gather(*making, return_exceptions=True)

    assert [type(one) for one in ended] == [SaslAuthenticationFailed] * 4
    assert (await catalog.load()).delegation_tokens == ()


async def test_tokens_of_another_need_create_tokens_of_that_user(closed: BrokerContext) -> None:
    made = await create_delegation_token(closed, CAROL, owner=BOB)

    assert (made.record.owner, made.record.requester) == ("User:bob", "User:carol")
    audit = FakeAudit()
    with pytest.raises(DelegationTokenAuthorizationFailed):
        await create_delegation_token(replace(closed, audit=audit), CAROL, owner=ALICE)
    (noted,) = audit.noted
    assert (noted.operation, noted.resource) == (
        Operation.CREATE_TOKENS,
        Resource(ResourceType.USER, "User:alice"),
    )
    with pytest.raises(DelegationTokenAuthorizationFailed):
        await create_delegation_token(closed, ALICE, owner=BOB)


async def test_renewing_goes_on_to_the_last_moment_of_a_token_and_not_beyond(
    closed: BrokerContext, clock: MovedClock
) -> None:
    made = await create_delegation_token(closed, CAROL, owner=BOB, renewers=[ALICE])
    for who in (ALICE, BOB, CAROL):
        clock.seconds += 3_600
        renewed = await renew_delegation_token(closed, who, made.secret)
        assert renewed == closed.clock.now_ms() + DAY_MS
    assert await renew_delegation_token(closed, BOB, made.secret, 5) == closed.clock.now_ms() + 5
    late = await renew_delegation_token(closed, BOB, made.secret, 99 * DAY_MS)
    assert late == made.record.max_at_ms

    clock.seconds = late / 1000

    with pytest.raises(DelegationTokenExpired):
        await renew_delegation_token(closed, BOB, made.secret)
    with pytest.raises(DelegationTokenExpired):
        await expire_delegation_token(closed, BOB, made.secret, 0)
    await expire_delegation_token(closed, BOB, made.secret)
    with pytest.raises(DelegationTokenNotFound):
        await renew_delegation_token(closed, BOB, made.secret)


async def test_token_ends_at_once_or_later(closed: BrokerContext) -> None:
    now, later = [await create_delegation_token(closed, ALICE) for _ in range(2)]

    ended = await expire_delegation_token(closed, ALICE, now.secret)
    ends = await expire_delegation_token(closed, ALICE, later.secret, SHORT_MS)

    now_ms = closed.clock.now_ms()
    assert (ended, ends) == (now_ms, now_ms + SHORT_MS)
    assert [one.record.token_id for one in list_delegation_tokens(closed, ALICE)] == [
        later.record.token_id
    ]


async def test_whose_token_it_is_not_cannot_change_it(closed: BrokerContext) -> None:
    made = await create_delegation_token(closed, ALICE)

    for ask in (renew_delegation_token, expire_delegation_token):
        with pytest.raises(DelegationTokenOwnerMismatch):
            await ask(closed, BOB, made.secret)
        with pytest.raises(DelegationTokenNotFound):
            await ask(closed, BOB, b"no secret")


async def test_one_sees_ones_own_and_what_one_may_describe(
    closed: BrokerContext,
) -> None:
    of_alice = await create_delegation_token(closed, ALICE)
    of_bob = await create_delegation_token(closed, BOB, renewers=[ALICE])
    dave, eve = user("dave"), user("eve")
    authorizer = AclAuthorizer()
    kind, name = ResourceType.DELEGATION_TOKEN, of_alice.record.token_id
    by_owner = (Operation.DESCRIBE_TOKENS, ResourceType.USER, "User:bob")
    authorizer.load([allowed(eve, Operation.DESCRIBE, kind, name), allowed(CAROL, *by_owner)])
    context = replace(closed, authorizer=authorizer)

    def seen(who: Principal, owners: list[Principal] | None = None) -> list[str]:
        return [one.record.token_id for one in list_delegation_tokens(context, who, owners)]

    first, second = of_alice.record.token_id, of_bob.record.token_id
    assert sorted(seen(ALICE)) == sorted([first, second])
    assert seen(BOB) == seen(CAROL) == seen(ALICE, [BOB]) == [second]
    assert seen(eve) == [first]
    assert seen(dave) == seen(ALICE, []) == seen(BOB, [dave]) == []
    assert find_delegation_token(context, BOB, second) == of_bob
    assert find_delegation_token(context, BOB, first) is None


async def test_what_is_no_user_is_refused(
    closed: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOKENS_OF_OWNER_MAX", 1)
    group = Principal("g", "Group")
    wrong: list[tuple[list[Principal], type[BrokerError]]] = [
        ([group], InvalidPrincipalType),
        ([Principal("")], InvalidRequest),
        ([Principal("x" * 251)], InvalidRequest),
        ([BOB] * 101, InvalidRequest),
    ]
    for renewers, error in wrong:
        with pytest.raises(error):
            await create_delegation_token(closed, ALICE, renewers=renewers)
    await create_delegation_token(closed, ALICE)

    with pytest.raises(InvalidRequest, match="at most 1 "):
        await create_delegation_token(closed, ALICE)


async def test_each_change_is_written_down_by_the_token_s_id_and_never_its_secret(
    closed: BrokerContext,
) -> None:
    audit = FakeAudit()
    context = replace(closed, audit=audit)

    made = await create_delegation_token(context, ALICE)
    await renew_delegation_token(context, ALICE, made.secret)
    await expire_delegation_token(context, ALICE, made.secret)

    assert all(event.decision is None for event in audit.kept), "no rule is asked for one's own"
    said = repr(audit.kept)
    for method in ("CreateDelegationToken", "RenewDelegationToken", "ExpireDelegationToken"):
        assert said.count(method) == 2, "before it is made, and when it was"
    assert made.record.token_id in said
    assert repr(made.secret) not in said


async def test_rule_that_lets_one_make_tokens_of_another_is_written_down(
    closed: BrokerContext,
) -> None:
    audit = FakeAudit()

    await create_delegation_token(replace(closed, audit=audit), CAROL, owner=BOB)

    assert audit.kept[0].decision is not None
    assert audit.kept[0].decision.is_allowed


async def test_nothing_is_changed_while_it_cannot_be_written_down(closed: BrokerContext) -> None:
    made = await create_delegation_token(closed, ALICE)
    context = replace(closed, audit=FakeAudit(is_failing=True))

    with pytest.raises(AuditUnavailable):
        await create_delegation_token(context, ALICE)
    with pytest.raises(AuditUnavailable):
        await expire_delegation_token(context, ALICE, made.secret)

    assert list_delegation_tokens(closed, ALICE) == [made]
