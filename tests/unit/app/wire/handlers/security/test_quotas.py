"""DescribeClientQuotas and AlterClientQuotas, through their bytes."""

from typing import Any

import pytest

from app.broker.context import BrokerContext
from app.wire.messages.quotas import (
    AlterClientQuotasRequest,
    AlterClientQuotasResponse,
    AlteredEntityData,
    ComponentData,
    DescribeClientQuotasRequest,
    DescribeClientQuotasResponse,
    EntryToAlter,
    OpData,
)
from tests.support.wire_calls import ask


def entry(*parts: tuple[str, str | None], ops: list[OpData] | None = None) -> EntryToAlter:
    return EntryToAlter(
        entity=[AlteredEntityData(entity_type=kind, entity_name=name) for kind, name in parts],
        ops=[OpData(key="producer_byte_rate", value=10.0)] if ops is None else ops,
    )


async def altered(broker: BrokerContext, *entries: EntryToAlter, version: int = 1) -> list[int]:
    request = AlterClientQuotasRequest(entries=list(entries))
    response = await ask(broker, request, AlterClientQuotasResponse, version)
    assert [one.entity for one in response.entries] == [one.entity for one in entries]
    return [one.error_code for one in response.entries]


async def described(
    broker: BrokerContext, *components: ComponentData, strict: bool = False, version: int = 1
) -> DescribeClientQuotasResponse:
    request = DescribeClientQuotasRequest(components=list(components), strict=strict)
    return await ask(broker, request, DescribeClientQuotasResponse, version)


def plain(response: DescribeClientQuotasResponse) -> list[Any]:
    return [
        (
            [(part.entity_type, part.entity_name) for part in one.entity],
            {value.key: value.value for value in one.values},
        )
        for one in response.entries or []
    ]


@pytest.mark.parametrize("version", [0, 1])
async def test_what_is_altered_is_described(broker: BrokerContext, version: int) -> None:
    pair = entry(("user", "alice"), ("client-id", None))
    address = entry(("ip", "10.0.0.1"), ops=[OpData(key="connection_creation_rate", value=3.0)])
    assert await altered(broker, pair, address, version=version) == [0, 0]

    found = await described(broker, version=version)
    by_user = await described(broker, ComponentData(entity_type="user", match="alice"))
    by_default = await described(
        broker, ComponentData(entity_type="client-id", match_type=1, match=None)
    )

    user = ([("user", "alice"), ("client-id", None)], {"producer_byte_rate": 10.0})
    assert plain(found) == [([("ip", "10.0.0.1")], {"connection_creation_rate": 3.0}), user]
    assert plain(by_user) == plain(by_default) == [user]
    removed = [OpData(key="producer_byte_rate", remove=True)]
    gone = entry(("user", "alice"), ("client-id", None), ops=removed)
    assert await altered(broker, gone) == [0]
    any_user = ComponentData(entity_type="user", match_type=2, match=None)
    assert plain(await described(broker, any_user)) == []


async def test_entries_that_are_none_are_refused_and_the_others_are_not(
    broker: BrokerContext,
) -> None:
    twice = [OpData(key="producer_byte_rate", value=1.0), OpData(key="producer_byte_rate")]

    codes = await altered(
        broker,
        entry(("group", "g")),
        entry(("user", "")),
        entry(("user", "a"), ("user", "b")),
        entry(("user", "a"), ops=twice),
        entry(),
        entry(("user", "alice")),
    )

    assert codes == [42, 42, 42, 42, 42, 0]


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([ComponentData(entity_type="group", match="g")], 35),
        ([ComponentData(entity_type="user", match="a")] * 2, 42),
        ([ComponentData(entity_type="user", match_type=0, match=None)], 42),
        ([ComponentData(entity_type="user", match_type=1, match="a")], 42),
        ([ComponentData(entity_type="user", match_type=9, match="a")], 42),
        (
            [
                ComponentData(entity_type="user", match="a"),
                ComponentData(entity_type="ip", match="::1"),
            ],
            42,
        ),
    ],
)
async def test_filters_that_make_no_sense_are_refused(
    broker: BrokerContext, components: list[ComponentData], code: int
) -> None:
    response = await described(broker, *components)

    assert (response.error_code, response.entries) == (code, None)
    assert response.error_message
