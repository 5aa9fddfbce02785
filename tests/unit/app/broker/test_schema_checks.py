"""Topics that want their records held to schemas: what each way of appending makes of it."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest

from app.broker.append_batches import AppendedBatch, BatchToAppend, append_batches
from app.broker.context import BrokerContext
from app.broker.errors import (
    CoordinatorNotAvailable,
    CorruptMessage,
    InvalidRecord,
    TopicAuthorizationFailed,
)
from app.broker.partitions import local_leader
from app.broker.produce import produce
from app.broker.schema_configs import KEY_VALIDATION, VALUE_LEVEL, VALUE_VALIDATION
from app.broker.topic_configs import ConfigChange, alter_topic_configs
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from schema_registry.errors import StoreUnavailable
from schema_registry.formats.framing import VALUE_HEADER, guid_bytes, prefix_of
from schema_registry.model import SchemaType
from schema_registry.serdes.choices import SchemaChoice
from storage.format.builder import build_batch
from storage.format.compression import Compression
from storage.format.record import Headers
from tests.support.broker import NOW_MS, Guards, guarded

USER = json.dumps({"type": "record", "name": "User", "fields": [{"name": "a", "type": "int"}]})
GOOD, BAD, NO_SCHEMA = prefix_of(1) + b"\2", prefix_of(1) + b"\2\2", b"text"


async def switch_on(context: BrokerContext, *names: str, level: str = "id") -> None:
    choice = SchemaChoice("t", is_key=False, schema_type=SchemaType.AVRO, text=USER)
    await context.serdes.choices.find(choice)
    changes = [ConfigChange(name=name, value="true") for name in names or (VALUE_VALIDATION,)]
    changes.append(ConfigChange(name=VALUE_LEVEL, value=level))
    await alter_topic_configs(context, ANONYMOUS, "t", changes)


def batch(*values: bytes | None, headers: Headers = (), **more: Any) -> BatchToAppend:
    built = build_batch([(NOW_MS, b"k", value, headers) for value in values], **more)
    return BatchToAppend(topic_name="t", partition=0, batch=built)


async def appended(context: BrokerContext, *batches: BatchToAppend) -> list[AppendedBatch]:
    found = append_batches(context, ANONYMOUS, batches, acks=-1, timeout_ms=20_000)
    return found if isinstance(found, list) else await found


async def produced(context: BrokerContext, *values: bytes | None) -> list[Any]:
    records = [((NOW_MS, None, value, ()), 0) for value in values]
    return await produce(context, ANONYMOUS, "t", records)


async def test_nothing_is_checked_unless_it_is_wanted(context: BrokerContext) -> None:
    (one,) = await appended(context, batch(NO_SCHEMA))

    assert one.error is None
    assert isinstance((await produced(context, NO_SCHEMA))[0], tuple)


async def test_batch_with_a_bad_record_is_refused_whole_and_says_which(
    context: BrokerContext,
) -> None:
    await switch_on(context)

    refused, taken = await appended(context, batch(GOOD, NO_SCHEMA, None, b"\0"), batch(GOOD, None))

    assert isinstance(refused.error, InvalidRecord)
    assert [at for at, _ in refused.record_errors] == [1, 3]
    assert refused.base_offset == -1
    assert (taken.error, taken.base_offset, taken.record_errors) == (None, 0, ())


async def test_produced_records_are_refused_one_by_one(context: BrokerContext) -> None:
    await switch_on(context)

    outcomes = await produced(context, NO_SCHEMA, GOOD, None, NO_SCHEMA, GOOD)

    assert [one[1] if isinstance(one, tuple) else type(one) for one in outcomes] == [
        InvalidRecord,
        0,
        1,
        InvalidRecord,
        2,
    ]
    assert all(isinstance(one, InvalidRecord) for one in await produced(context, NO_SCHEMA))


async def test_bad_records_without_a_partition_are_refused_as_well(context: BrokerContext) -> None:
    await switch_on(context)
    records = [((NOW_MS, None, value, ()), None) for value in (NO_SCHEMA, GOOD)]

    refused, taken = await produce(context, ANONYMOUS, "t", records)

    assert isinstance(refused, InvalidRecord)
    assert isinstance(taken, tuple)


async def test_payload_is_looked_at_only_if_that_is_wanted(context: BrokerContext) -> None:
    await switch_on(context)
    (by_id,) = await appended(context, batch(BAD))
    await switch_on(context, level="full")
    (whole,) = await appended(context, batch(BAD))

    assert by_id.error is None
    assert isinstance(whole.error, InvalidRecord)


async def test_keys_are_checked_by_their_own_switch(context: BrokerContext) -> None:
    await switch_on(context, KEY_VALIDATION)

    (one,) = await appended(context, batch(NO_SCHEMA))

    assert one.record_errors == ((0, "key: it does not begin with the id of a schema"),)


async def test_guid_of_a_header_is_as_good_as_an_id(context: BrokerContext) -> None:
    await switch_on(context, level="full")
    loaded: Any = (await context.serdes.codecs.load([1]))[1]
    headers = ((VALUE_HEADER, guid_bytes(loaded.stored.guid)),)

    good, bad = await appended(
        context, batch(b"\2", headers=headers), batch(b"\2\2", headers=headers)
    )

    assert good.error is None
    assert isinstance(bad.error, InvalidRecord)


async def test_compressed_batches_are_opened(context: BrokerContext) -> None:
    await switch_on(context)

    (one,) = await appended(context, batch(*[GOOD] * 50, NO_SCHEMA, compression=Compression.GZIP))

    assert [at for at, _ in one.record_errors] == [50]


async def test_batch_that_does_not_open_is_corrupt(context: BrokerContext) -> None:
    await switch_on(context)
    broken = batch(GOOD)
    broken.batch[70] = 0xFF

    (one,) = await appended(context, broken)

    assert isinstance(one.error, CorruptMessage)


async def test_batches_of_a_topic_are_appended_in_the_order_they_came(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    await switch_on(context)
    waits = [0.05, 0.0, 0.0]
    load = context.serdes.codecs.load

    async def slowly(identities: Any) -> Any:
        await asyncio.sleep(waits.pop(0))
        return await load(identities)

    monkeypatch.setattr(context.serdes.codecs, "load", slowly)
    batches = [
        batch(GOOD, producer_id=7, producer_epoch=0, base_sequence=number) for number in range(3)
    ]

    begun = [
        append_batches(context, ANONYMOUS, [one], acks=-1, timeout_ms=20_000) for one in batches
    ]
    waiting = [one for one in begun if isinstance(one, Coroutine)]
    outcomes = await asyncio.gather(*reversed(waiting))

    assert [one.base_offset for (one,) in reversed(outcomes)] == [0, 1, 2]


async def test_client_that_leaves_breaks_no_append_off(context: BrokerContext) -> None:
    await switch_on(context)
    replica = local_leader(context, context.image.topics["t"].partitions[0])
    begun = append_batches(context, ANONYMOUS, [batch(GOOD)], acks=-1, timeout_ms=20_000)
    assert isinstance(begun, Coroutine)
    task = asyncio.ensure_future(begun)
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(20):
        while replica.log_end_offset < 1:
            await asyncio.sleep(0.01)


async def test_registry_that_is_away_refuses_for_now(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    await switch_on(context)

    async def fail(_identities: Any) -> Any:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(context.serdes.codecs, "load", fail)

    (one,) = await appended(context, batch(GOOD))
    assert isinstance(one.error, CoordinatorNotAvailable)
    with pytest.raises(CoordinatorNotAvailable):
        await produced(context, GOOD)


async def test_who_may_not_write_learns_nothing_of_schemas(context: BrokerContext) -> None:
    await switch_on(context)
    refusing = guarded(context, Guards(refused=frozenset({Operation.WRITE})))

    (one,) = await appended(refusing, batch(NO_SCHEMA))

    assert isinstance(one.error, TopicAuthorizationFailed)
