"""Verbs on quotas: what may be set, for whom, and how it is found again."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import ClusterAuthorizationFailed, InvalidRequest, PolicyViolation
from app.broker.security import quotas
from app.broker.security.quotas import (
    Alteration,
    Entity,
    EntityFilter,
    Match,
    Wanted,
    alter_quotas,
    describe_quotas,
)
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from app.security.quota_windows.limits import DEFAULT
from tests.support.broker import Guards, guarded

ALICE = Entity(user="alice")
PAIR = Entity(user="alice", client_id="app")
EVERYONE = Entity(user=DEFAULT)
HERE = Entity(ip="127.0.0.1")


async def put(context: BrokerContext, entity: Entity, **values: float | None) -> None:
    (refused,) = await alter_quotas(context, ANONYMOUS, [Alteration(entity=entity, values=values)])
    assert refused is None


async def refusal(context: BrokerContext, entity: Entity, **values: float | None) -> str:
    alteration = Alteration(entity=entity, values=values)
    (refused,) = await alter_quotas(context, ANONYMOUS, [alteration])
    assert isinstance(refused, InvalidRequest)
    return str(refused)


async def test_what_is_set_is_found_changed_and_removed(context: BrokerContext) -> None:
    await put(context, ALICE, producer_byte_rate=1000, request_percentage=12.5)
    await put(context, ALICE, producer_byte_rate=2000, consumer_byte_rate=1)
    await put(context, ALICE, consumer_byte_rate=None, controller_mutation_rate=None)

    found = describe_quotas(context, ANONYMOUS, EntityFilter())

    assert found == {ALICE: {"producer_byte_rate": 2000, "request_percentage": 12.5}}


async def test_entities_are_found_by_their_parts(context: BrokerContext) -> None:
    for entity in (ALICE, PAIR, EVERYONE):
        await put(context, entity, producer_byte_rate=1)
    await put(context, HERE, connection_creation_rate=5)

    def entities(wanted: EntityFilter) -> set[Entity]:
        return set(describe_quotas(context, ANONYMOUS, wanted))

    alice = Wanted(Match.EXACT, "alice")
    assert entities(EntityFilter()) == {ALICE, PAIR, EVERYONE, HERE}
    assert entities(EntityFilter(is_strict=True)) == set()
    assert entities(EntityFilter(user=alice)) == {ALICE, PAIR}
    assert entities(EntityFilter(user=alice, is_strict=True)) == {ALICE}
    assert entities(EntityFilter(user=Wanted(Match.DEFAULT))) == {EVERYONE}
    assert entities(EntityFilter(user=Wanted(Match.EXACT, DEFAULT))) == set()
    assert entities(EntityFilter(client_id=Wanted(Match.ANY))) == {PAIR}
    assert entities(EntityFilter(ip=Wanted(Match.ANY))) == {HERE}
    with pytest.raises(InvalidRequest, match="ip stands alone"):
        entities(EntityFilter(ip=Wanted(Match.ANY), user=alice))


@pytest.mark.parametrize(
    ("entity", "key", "value", "why"),
    [
        (Entity(), "producer_byte_rate", 1, "empty client quota entity"),
        (Entity(user="a", ip="::1"), "connection_creation_rate", 1, "an ip stands alone"),
        (Entity(ip="localhost"), "connection_creation_rate", 1, "not a valid IP"),
        (Entity(ip="0:0:0:0:0:0:0:1"), "connection_creation_rate", 1, "shortest form"),
        (Entity(user="a" * 256), "producer_byte_rate", 1, "1 to 255 characters"),
        (Entity(user="a\0"), "producer_byte_rate", 1, "without NUL"),
        (ALICE, "connection_creation_rate", 1, "Invalid quota key"),
        (HERE, "producer_byte_rate", 1, "Invalid quota key"),
        (ALICE, "segment.bytes", None, "Invalid quota key"),
        (ALICE, "producer_byte_rate", 0, "greater than 0"),
        (ALICE, "request_percentage", -1, "greater than 0"),
        (ALICE, "request_percentage", float("nan"), "greater than 0"),
        (ALICE, "request_percentage", float("inf"), "greater than 0"),
        (ALICE, "producer_byte_rate", 1.5, "whole number"),
        (ALICE, "controller_mutation_rate", 1e300, "64 bits"),
    ],
)
async def test_alter_refuses_what_kafka_refuses(
    context: BrokerContext, entity: Entity, key: str, value: float | None, why: str
) -> None:
    assert why in await refusal(context, entity, **{key: value})
    assert describe_quotas(context, ANONYMOUS, EntityFilter()) == {}


async def test_alter_changes_the_entities_that_may_be_and_says_which_may_not(
    context: BrokerContext,
) -> None:
    wanted = [
        Alteration(entity=ALICE, values={"producer_byte_rate": 1}),
        Alteration(entity=EVERYONE, values={"producer_byte_rate": -1}),
        Alteration(entity=PAIR, values={"producer_byte_rate": 1}),
        Alteration(entity=PAIR, values={"producer_byte_rate": 2}),
    ]

    refused = await alter_quotas(context, ANONYMOUS, wanted)

    assert [one is None for one in refused] == [True, False, False, False]
    assert set(describe_quotas(context, ANONYMOUS, EntityFilter())) == {ALICE}


async def test_alter_changes_nothing_when_it_only_validates(context: BrokerContext) -> None:
    wanted = [Alteration(entity=ALICE, values={"producer_byte_rate": 1})]

    refused = await alter_quotas(context, ANONYMOUS, wanted, validate_only=True)

    assert refused == [None]
    assert describe_quotas(context, ANONYMOUS, EntityFilter()) == {}


async def test_alter_refuses_more_than_there_may_be(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "QUOTAS_MAX", 1)
    await put(context, ALICE, producer_byte_rate=1)

    with pytest.raises(PolicyViolation):
        await put(context, PAIR, producer_byte_rate=1)

    await put(context, ALICE, producer_byte_rate=2)


async def test_principal_needs_the_configs_of_the_cluster(context: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS}))
    refusing = guarded(context, guards)

    with pytest.raises(ClusterAuthorizationFailed):
        describe_quotas(refusing, ANONYMOUS, EntityFilter())
    with pytest.raises(ClusterAuthorizationFailed):
        await alter_quotas(refusing, ANONYMOUS, [])
