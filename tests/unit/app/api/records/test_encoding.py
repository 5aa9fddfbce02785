"""Encoding: what names a schema becomes its bytes, or an outcome that says why not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.api.records import encoding
from app.api.records.encoding import Target, encode_values, settle
from app.api.records.parsing import Parsed, Refused, Unwritten, parse_one
from app.broker.schema_configs import VALUE_STRATEGY
from app.security.acls import Operation
from schema_registry.errors import InvalidPayload
from schema_registry.formats.framing import prefix_of
from schema_registry.serdes.codecs import LoadedSchema
from schema_registry.serdes.serdes import serdes_of
from tests.support.registry.access import FakeAccess
from tests.support.registry.door import RunningRegistry, running_registry
from tests.support.registry.ledger import FakeLedger

USER = json.dumps({"type": "record", "name": "ns.User", "fields": [{"name": "a", "type": "int"}]})
ONE = prefix_of(1) + b"\2"


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[RunningRegistry]:
    async with running_registry(tmp_path) as running:
        yield running


async def settled(
    registry: RunningRegistry, *records: dict[str, Any], **configs: str
) -> list[Parsed | Refused]:
    parsed = [parse_one(json.dumps(one).encode(), 5) for one in records]
    names = {name.replace("_", "."): value for name, value in configs.items()}
    target = Target(serdes_of(registry.context), "t", names, FakeAccess())
    return list(await settle(target, parsed))


def data(**more: Any) -> dict[str, Any]:
    return {"value": {"data": {"a": 1}} | more}


async def test_record_with_a_schema_becomes_bytes_and_its_receipt(
    registry: RunningRegistry,
) -> None:
    record = data(type="AVRO", schema=USER) | {
        "key": {"type": "STRING", "data": "k"},
        "partition_id": 3,
        "headers": [{"name": "h"}],
    }

    (one,) = await settled(registry, record)

    assert one == (
        ((5, b"k", ONE, ((b"h", None),)), 3),
        b',"key":{"type":"STRING","size":1},"value":{"type":"AVRO","size":6,"subject":"t-value",'
        b'"schema_id":1,"schema_version":1}}',
    )


async def test_key_has_a_schema_of_its_own(registry: RunningRegistry) -> None:
    key = {"type": "AVRO", "schema": '"string"', "data": "k"}

    (one,) = await settled(registry, {"key": key, **data(type="AVRO", schema=USER)})

    assert not isinstance(one, Refused)
    record, _ = one[0]
    assert record[1:3] == (prefix_of(2) + b"\2k", ONE)
    assert b'"subject":"t-key"' in one[1]


async def test_null_is_null(registry: RunningRegistry) -> None:
    (one,) = await settled(registry, data(type="AVRO", schema=USER, data=None))

    assert not isinstance(one, Refused)
    assert one[0][0][2] is None
    assert b'"size":0' in one[1]


async def test_others_are_not_looked_at(registry: RunningRegistry) -> None:
    plain = parse_one(b'{"value":{"type":"JSON","data":1}}', 5)
    refused = Refused(400, "no")
    target = Target(serdes_of(registry.context), "t", {}, FakeAccess())

    assert await settle(target, [plain, refused]) == [plain, refused]


async def test_each_record_has_its_own_outcome(registry: RunningRegistry) -> None:
    await registry.register("t-value", USER)

    good, bad, late = await settled(
        registry, data(), data(data={"a": "x"}), data(schema_version=1, data={"a": 2})
    )

    assert bad == Refused(422, "Error: 42203 : value: 'x' is not an integer of 32 bits (at /a)")
    assert [one[0][0][2] for one in (good, late) if not isinstance(one, Refused)] == [
        ONE,
        prefix_of(1) + b"\4",
    ]


async def test_topic_says_how_subjects_are_called(registry: RunningRegistry) -> None:
    configs = {VALUE_STRATEGY.replace(".", "_"): "RecordNameStrategy"}

    (one,) = await settled(registry, data(type="AVRO", schema=USER), **configs)

    assert not isinstance(one, Refused)
    assert b'"subject":"ns.User"' in one[1]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"type": "AVRO", "schema_id": 1}, 400),
        ({"type": "AVRO", "schema_version": 1}, 400),
        ({"schema": USER}, 400),
        ({"subject": "s", "subject_name_strategy": "TOPIC_NAME"}, 400),
        ({"subject_name_strategy": "MINE"}, 400),
        ({"subject_name_strategy": "RECORD_NAME"}, 400),
        ({"subject": "no\x01ne"}, 400),
        ({"schema_id": 7}, 40403),
        ({"schema_version": 7}, 40402),
        ({"subject": "none"}, 40401),
        ({"type": "AVRO", "schema": "{"}, 422),
        ({"type": "AVRO", "schema": '"string"'}, 40801),
        ({"type": "PROTOBUF"}, 400),
        ({"data": {"b": 1}}, 422),
    ],
)
async def test_refusals_have_their_codes(
    registry: RunningRegistry, said: dict[str, Any], code: int
) -> None:
    await registry.register("t-value", USER)

    (one,) = await settled(registry, data(**said))

    assert isinstance(one, Refused)
    assert one.error_code == code
    assert "value" in one.message


def test_type_that_is_none_is_refused_before_a_schema_is_looked_for() -> None:
    one = parse_one(b'{"value":{"type":"XML","data":1}}', 5)

    assert isinstance(one, Refused)
    assert "AVRO" in one.message
    assert isinstance(parse_one(b'{"value":{"type":"AVRO"}}', 5), Refused), "no data"
    assert isinstance(parse_one(b'{"value":{"type":"AVRO","data":1}}', 5), Unwritten)


async def test_large_and_many_are_encoded_all_the_same(
    registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.register("t-value", USER)
    loaded = (await serdes_of(registry.context).codecs.load([1]))[1]
    assert isinstance(loaded, LoadedSchema)
    values = [{"a": number} for number in range(5)] + [{"a": "x"}]
    expected = [loaded.encode(one) for one in values[:5]]

    for average in (1, 100_000):
        for share in (1, 3, 10_000):
            monkeypatch.setattr(encoding, "SLICE_BYTES", share)
            found = await encode_values(loaded, values, average)
            assert found[:5] == expected
            assert isinstance(found[5], InvalidPayload)

    monkeypatch.setattr(encoding, "LARGE_BYTES", 1)
    (one,) = await settled(registry, data())
    assert not isinstance(one, Refused)
    assert one[0][0][2] == expected[1]


@pytest.mark.parametrize(
    ("allowed", "registers", "uses"),
    [(set(), False, False), ({Operation.WRITE}, True, False), ({Operation.READ}, False, True)],
)
async def test_a_subject_is_written_and_read_by_who_may(
    registry: RunningRegistry, allowed: set[Operation], registers: bool, uses: bool
) -> None:
    access = FakeAccess(allowed)
    target = Target(serdes_of(registry.context), "t", {}, access)
    chosen = {"subject": "theirs", "type": "AVRO", "schema": USER, "data": {"a": 1}}
    named = {"subject": "theirs", "schema_version": 1, "data": {"a": 1}}

    async def settle_one(value: dict[str, Any]) -> bool:
        (found,) = await settle(target, [parse_one(json.dumps({"value": value}).encode(), 5)])
        if isinstance(found, Refused):
            assert found.error_code == 40301
            assert access.denied.pop()[1] == "theirs"
        assert access.denied == []
        return not isinstance(found, Refused)

    assert await settle_one(chosen) is registers
    if not registers:
        everybody = Target(serdes_of(registry.context), "t", {}, FakeAccess())
        await settle(everybody, [parse_one(json.dumps({"value": chosen}).encode(), 5)])
    assert await settle_one(named) is uses
    assert await settle_one(chosen) is bool(allowed), "there already: who may read uses it"


async def test_a_schema_that_is_registered_by_sending_records_is_written_down_once(
    registry: RunningRegistry,
) -> None:
    access = FakeAccess()
    target = Target(serdes_of(registry.context), "t", {}, access)
    records = [data(type="AVRO", schema=USER), data(type="AVRO", schema=USER)]

    for _ in range(2):
        found = await settle(target, [parse_one(json.dumps(one).encode(), 5) for one in records])
        assert not any(isinstance(one, Refused) for one in found)

    assert access.changed == [(Operation.WRITE, "t-value")]
    assert access.ledger.begun == [("RegisterSchema", ["subject t-value"])]
    assert access.ledger.ended == [""]


async def test_records_are_refused_whose_schema_cannot_be_written_down(
    registry: RunningRegistry,
) -> None:
    access = FakeAccess(ledger=FakeLedger(is_failing=True))
    target = Target(serdes_of(registry.context), "t", {}, access)
    record = json.dumps(data(type="AVRO", schema=USER)).encode()

    (refused,) = await settle(target, [parse_one(record, 5)])

    assert isinstance(refused, Refused)
    assert refused.error_code == 50003
    assert await registry.ask("GET", "/subjects") == []
    await registry.register("t-value", USER)
    (known,) = await settle(target, [parse_one(record, 5)])
    assert not isinstance(known, Refused)
