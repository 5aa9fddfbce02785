"""Choices: which schema a producer means, and what contradicts itself."""

import json
from typing import Any

import pytest

from schema_registry.errors import (
    IncompatibleSchema,
    InvalidSchema,
    OperationNotPermitted,
    RegistryError,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from schema_registry.model import SchemaType
from schema_registry.serdes.choices import BadChoice, Choices, ChosenSchema, SchemaChoice
from schema_registry.serdes.codecs import Codecs
from schema_registry.serdes.naming import NoRecordName, SubjectNameStrategy
from tests.support.registry.door import RunningRegistry

AVRO, PROTOBUF = SchemaType.AVRO, SchemaType.PROTOBUF
RECORD_NAME = SubjectNameStrategy.RECORD_NAME
USER = json.dumps({"type": "record", "name": "ns.User", "fields": [{"name": "a", "type": "int"}]})


@pytest.fixture
def choices(registry: RunningRegistry) -> Choices:
    return Choices(Codecs(registry.context))


def choice(**more: Any) -> SchemaChoice:
    return SchemaChoice("t", is_key=False, **more)


def told(chosen: ChosenSchema) -> tuple[str, int, int | None]:
    return chosen.subject, chosen.loaded.schema_id, chosen.version


async def test_text_is_registered_once(registry: RunningRegistry, choices: Choices) -> None:
    wanted = choice(schema_type=AVRO, text=USER)

    first = await choices.find(wanted)
    again = await choices.find(wanted)

    assert told(first) == told(again) == ("t-value", 1, 1)
    assert await registry.ask("GET", "/subjects/t-value/versions") == [1]


async def test_text_that_is_there_needs_no_right_to_register(
    registry: RunningRegistry, choices: Choices
) -> None:
    await registry.register("t-value", USER)
    await registry.set("/mode/t-value", mode="READONLY")

    assert told(await choices.find(choice(schema_type=AVRO, text=USER))) == ("t-value", 1, 1)
    with pytest.raises(OperationNotPermitted):
        await choices.find(choice(schema_type=AVRO, text='"int"'))


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ({}, "t-value"),
        ({"strategy": RECORD_NAME}, "ns.User"),
        ({"strategy": SubjectNameStrategy.TOPIC_RECORD_NAME}, "t-ns.User"),
        ({"default_strategy": RECORD_NAME}, "ns.User"),
        ({"default_strategy": RECORD_NAME, "strategy": SubjectNameStrategy.TOPIC_NAME}, "t-value"),
        ({"subject": "mine"}, "mine"),
        ({"subject": ":.staging:mine"}, ":.staging:mine"),
    ],
)
async def test_text_goes_to_its_subject(
    choices: Choices, said: dict[str, Any], subject: str
) -> None:
    found = await choices.find(choice(schema_type=AVRO, text=USER, **said))

    assert told(found) == (subject, 1, 1)


async def test_latest_is_the_latest_when_it_is_asked_for(
    registry: RunningRegistry, choices: Choices
) -> None:
    await registry.register("t-value", '"int"')
    assert told(await choices.find(choice())) == ("t-value", 1, 1)
    await registry.register("t-value", '"long"')

    assert told(await choices.find(choice())) == ("t-value", 2, 2)
    assert told(await choices.find(choice(schema_version=1))) == ("t-value", 1, 1)


async def test_id_tells_its_version_where_the_subject_has_it(
    registry: RunningRegistry, choices: Choices
) -> None:
    await registry.register("t-value", USER)
    other = await registry.register("other", '"int"')

    assert told(await choices.find(choice(schema_id=1))) == ("t-value", 1, 1)
    assert told(await choices.find(choice(schema_id=other))) == ("t-value", other, None)
    assert told(await choices.find(choice(schema_id=1, strategy=RECORD_NAME))) == (
        "ns.User",
        1,
        None,
    )
    assert told(await choices.find(choice(schema_id=other, subject="other"))) == ("other", other, 1)


async def test_text_of_protobuf_is_named_by_its_first_message(choices: Choices) -> None:
    text = 'syntax = "proto3"; package p; message A {} message B {}'

    found = await choices.find(choice(schema_type=PROTOBUF, text=text, strategy=RECORD_NAME))

    assert told(found) == ("p.A", 1, 1)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"text": USER}, BadChoice),
        ({"text": USER, "schema_type": AVRO, "schema_id": 1}, BadChoice),
        ({"text": USER, "schema_type": AVRO, "schema_version": 1}, BadChoice),
        ({"schema_id": 1, "schema_version": 1}, BadChoice),
        ({"schema_id": 2**31}, BadChoice),
        ({"schema_id": -(2**70)}, BadChoice),
        ({"schema_version": 2**70}, BadChoice),
        ({"schema_id": -1}, SchemaNotFound),
        ({"subject": "s", "strategy": RECORD_NAME}, BadChoice),
        ({"strategy": RECORD_NAME}, BadChoice),
        ({"schema_version": 1, "strategy": RECORD_NAME}, BadChoice),
        ({"default_strategy": RECORD_NAME}, BadChoice),
        ({"schema_id": 1, "schema_type": PROTOBUF}, BadChoice),
        ({"schema_type": PROTOBUF}, BadChoice),
        ({"schema_type": AVRO, "text": '"int"', "strategy": RECORD_NAME}, NoRecordName),
        ({"schema_id": 77}, SchemaNotFound),
        ({"subject": "none"}, SubjectNotFound),
        ({"schema_version": 9}, VersionNotFound),
        ({"schema_type": AVRO, "text": "{"}, InvalidSchema),
        ({"schema_type": AVRO, "text": '"string"'}, IncompatibleSchema),
    ],
)
async def test_choice_that_leads_nowhere_is_refused(
    registry: RunningRegistry,
    choices: Choices,
    said: dict[str, Any],
    refusal: type[RegistryError],
) -> None:
    await registry.register("t-value", USER)

    with pytest.raises(refusal):
        await choices.find(choice(**said))


async def test_a_version_that_is_not_there_is_refused_without_those_that_are(
    registry: RunningRegistry, choices: Choices
) -> None:
    await registry.register("t-value", USER)

    with pytest.raises(VersionNotFound) as refusal:
        await choices.find(choice(schema_version=9))

    assert str(refusal.value) == "Version 9 not found."
