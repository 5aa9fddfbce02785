"""Checks: what is wrong with data that has to be of its subject's schemas."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema_registry.formats.framing import guid_bytes, prefix_of
from schema_registry.serdes import checks as module
from schema_registry.serdes.checks import Checks, Expected
from schema_registry.serdes.codecs import Codecs
from schema_registry.serdes.naming import SubjectNameStrategy
from tests.support.registry.door import RunningRegistry, running_registry

TOPIC_NAME, RECORD_NAME, TOPIC_RECORD_NAME = SubjectNameStrategy
USER = json.dumps({"type": "record", "name": "User", "fields": [{"name": "a", "type": "int"}]})
PROTO = 'syntax = "proto3"; package p; message A { int32 a = 1; } message B { string b = 1; }'
GOOD = prefix_of(1) + b"\2"
BAD = prefix_of(1) + b"\2\2"
VALUES = Expected("t", is_key=False, strategy=TOPIC_NAME, is_full=False)
FULL = VALUES._replace(is_full=True)


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[RunningRegistry]:
    async with running_registry(tmp_path) as running:
        await running.register("t-value", USER)
        yield running


@pytest.fixture
def checks(registry: RunningRegistry) -> Checks:
    return Checks(Codecs(registry.context))


async def fault(checks: Checks, expected: Expected, data: bytes | None) -> str | None:
    found = await checks.faults(expected, [None, data], None)
    assert set(found) <= {1}
    return found.get(1)


async def test_what_names_a_schema_of_the_subject_is_taken(checks: Checks) -> None:
    for data in (GOOD, BAD, None):
        assert await fault(checks, VALUES, data) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not begin"),
        (b'{"a":1}', "does not begin"),
        (prefix_of(9) + b"x", "there is no schema 9"),
    ],
)
async def test_what_names_none_is_not(checks: Checks, data: bytes, said: str) -> None:
    for expected in (VALUES, FULL):
        assert said in str(await fault(checks, expected, data))


async def test_schema_of_another_subject_is_not_enough(
    registry: RunningRegistry, checks: Checks
) -> None:
    other = await registry.register("other", '"int"')

    said = await fault(checks, VALUES, prefix_of(other) + b"\2")

    assert said == f"schema {other} is none of subject 't-value'"
    assert "t-key" in str(await fault(checks, VALUES._replace(is_key=True), GOOD))


async def test_deleted_version_is_none(registry: RunningRegistry, checks: Checks) -> None:
    assert await fault(checks, VALUES, GOOD) is None
    await registry.ask("DELETE", "/subjects/t-value")

    assert "is none of subject" in str(await fault(checks, VALUES, GOOD))


async def test_full_check_looks_into_the_payload(checks: Checks) -> None:
    assert await fault(checks, FULL, GOOD) is None
    assert "not of schema 1" in str(await fault(checks, FULL, BAD))


async def test_faults_stand_by_position(checks: Checks) -> None:
    found = await checks.faults(FULL, [GOOD, BAD, None, b"x", GOOD], None)

    assert sorted(found) == [1, 3]


@pytest.mark.parametrize(
    ("strategy", "subject"), [(RECORD_NAME, "p.B"), (TOPIC_RECORD_NAME, "t-p.B")]
)
async def test_message_of_protobuf_names_its_own_subject(
    registry: RunningRegistry, checks: Checks, strategy: SubjectNameStrategy, subject: str
) -> None:
    schema_id = await registry.register(subject, PROTO, schemaType="PROTOBUF")
    expected = FULL._replace(strategy=strategy)

    assert await fault(checks, expected, prefix_of(schema_id) + b"\2\2\x0a\1x") is None
    other = await fault(checks, expected, prefix_of(schema_id) + b"\0\x08\1")
    assert "p.A" in str(other)
    assert "not of schema" in str(await fault(checks, expected, prefix_of(schema_id) + b"\2\x0e"))


async def test_schema_without_a_name_has_no_subject_by_name(
    registry: RunningRegistry, checks: Checks
) -> None:
    other = await registry.register("int", '"int"')

    said = await fault(checks, VALUES._replace(strategy=RECORD_NAME), prefix_of(other) + b"\2")

    assert "needs a schema with the name of a record" in str(said)


async def test_guid_in_a_header_names_the_schema(registry: RunningRegistry, checks: Checks) -> None:
    guid = (await registry.ask("GET", "/schemas/ids/1"))["guid"]

    found = await checks.faults(
        FULL, [b"\2", b"\2", b"\2\2"], [guid_bytes(guid), None, guid_bytes(guid)]
    )

    assert sorted(found) == [1, 2]


async def test_large_and_many_are_checked_all_the_same(
    checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE_BYTES", 1)
    monkeypatch.setattr(module, "LARGE_BYTES", 1)

    assert sorted(await checks.faults(FULL, [GOOD, BAD, GOOD, BAD], None)) == [1, 3]
