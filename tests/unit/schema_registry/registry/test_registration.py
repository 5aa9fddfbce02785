"""Registration: ids, versions, what is refused, references."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from schema_registry.errors import IncompatibleSchema
from schema_registry.registry.candidates import NewSchema
from schema_registry.registry.parsed import ParsedSchemas
from schema_registry.registry.registration import plan_registration, register
from schema_registry.registry.views import Views
from schema_registry.subjects import Subject
from tests.support.registry.door import RunningRegistry, record
from tests.support.registry.ledger import FakeLedger

A, AB, ABC = record("a"), record("a", "b"), record("a", "b", "c")
BROKEN = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]})


async def _behind_its_back(registry: RunningRegistry, subject: str, schemas: list[str]) -> None:
    """Register schemas as another node does, whom nobody here waits for."""
    views = Views(registry.context.store)
    other = replace(
        registry.context,
        views=views,
        subject_queues={},
        schemas=ParsedSchemas(views, registry.context.workers),
    )
    for schema in schemas:
        await register(other, Subject(".", subject), NewSchema(text=schema))


async def numbers(registry: RunningRegistry, subject: str, query: str = "") -> list[int]:
    found: list[int] = await registry.ask("GET", f"/subjects/{subject}/versions{query}")
    return found


class TestRegister:
    async def test_the_same_content_is_one_id_whatever_the_subject(
        self, registry: RunningRegistry
    ) -> None:
        assert await registry.register("s", A) == 1
        assert await registry.register("s", json.dumps(json.loads(A), indent=2)) == 1
        assert await registry.register("t", A) == 1
        assert await registry.register("s", AB) == 2
        assert await numbers(registry, "s") == [1, 2]

    async def test_what_breaks_is_refused_unless_it_is_forced(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)

        path, body = "/subjects/s/versions", {"schema": BROKEN}
        assert await registry.refused("POST", path, body) == (409, 409)
        assert await registry.ask("POST", f"{path}?force=True", body)

        assert await numbers(registry, "s") == [1, 2]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"schema": "{"}, 42201),
            ({"schema": ""}, 42201),
            ({}, 42201),
            ({"schema": '"int"', "schemaType": "XML"}, 42201),
            ({"schema": 3}, 422),
            ({"schema": '"int"', "references": "x"}, 422),
            (
                {"schema": '"int"', "references": [{"name": "a", "subject": "n", "version": 1}]},
                42201,
            ),
            (
                {"schema": '"int"', "references": [{"name": "a", "subject": "n", "version": -1}]},
                42201,
            ),
            ({"schema": '"' + "x" * 1_000_001 + '"'}, 42209),
            ({"schema": '"int"', "version": 2}, 42201),
            ({"schema": '"int"', "id": 5}, 42205),
            (
                {"schema": '"int"', "ruleSet": {"domainRules": [{"name": "1", "type": "CEL"}]}},
                42210,
            ),
            ({"schema": '"int"', "ruleSet": {"domainRules": [{"name": "a"}]}}, 42210),
            ({"schema": '"int"', "metadata": {"properties": {"a": 1}}}, 422),
            ({"schema": record("a", "a")}, 42201),
        ],
    )
    async def test_what_is_no_schema_is_refused(
        self, registry: RunningRegistry, body: Any, code: int
    ) -> None:
        assert await registry.refused("POST", "/subjects/s/versions", body) == (422, code)
        assert await registry.ask("GET", "/subjects") == []

    async def test_a_default_that_is_no_value_is_refused_unless_new_ones_are_not_validated(
        self, registry: RunningRegistry
    ) -> None:
        schema = json.dumps(
            {
                "type": "record",
                "name": "R",
                "fields": [{"name": "a", "type": "int", "default": "x"}],
            }
        )

        assert await registry.refused("POST", "/subjects/s/versions", {"schema": schema}) == (
            422,
            42201,
        )
        await registry.set("/config/s", validateNewSchemas=False)

        assert await registry.register("s", schema) == 1

    async def test_an_empty_text_means_the_previous_one_with_other_metadata(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)

        second = await registry.register("s", "", metadata={"properties": {"owner": "x"}})

        found = await registry.ask("GET", "/subjects/s/versions/latest")
        assert (second, found["schema"]) == (2, json.dumps(json.loads(A), separators=(",", ":")))
        assert found["metadata"] == {"properties": {"owner": "x"}}
        assert await registry.register("s", A) == 2, "what is left out is as before"

    async def test_settings_are_merged_into_what_is_registered(
        self, registry: RunningRegistry
    ) -> None:
        await registry.set(
            "/config/s",
            defaultMetadata={"properties": {"a": "default", "b": "default"}},
            overrideMetadata={"properties": {"b": "override"}},
            defaultRuleSet={"domainRules": [{"name": "d", "type": "CEL", "mode": "READ"}]},
        )

        await registry.register("s", A, metadata={"properties": {"a": "own", "b": "own"}})

        found = await registry.ask("GET", "/subjects/s/versions/1")
        assert found["metadata"]["properties"] == {"a": "own", "b": "override"}
        assert [rule["name"] for rule in found["ruleSet"]["domainRules"]] == ["d"]

    async def test_a_softly_deleted_schema_comes_back_under_its_id_as_a_new_version(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.register("s", AB)
        await registry.ask("DELETE", "/subjects/s/versions/2")

        assert await registry.register("s", AB) == 2

        assert await numbers(registry, "s") == [1, 3]
        assert await numbers(registry, "s", "?deleted=true") == [1, 3], "the tombstone is gone"

    async def test_dry_run_says_what_would_come_and_changes_nothing(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)

        good = await registry.ask("POST", "/subjects/s/versions?dryRun=true", {"schema": AB})
        bad = await registry.ask("POST", "/subjects/s/versions?dryRun=true", {"schema": BROKEN})

        assert (good["id"], good["version"], good["isNew"], good["is_compatible"]) == (
            2,
            2,
            True,
            True,
        )
        assert any(line.startswith("+") and '"b"' in line for line in good["diff"])
        assert bad["is_compatible"] is False
        assert bad["verdicts"][0]["incompatibilities"][0]["kind"] == "TYPE_MISMATCH"
        assert json.loads(bad["verdicts"][0]["incompatibilities"][0]["counterExample"]) == {"a": 1}
        assert await numbers(registry, "s") == [1]
        assert await registry.register("t", ABC) == 2, "no id was taken"

    async def test_concurrent_registrations_leave_no_gaps(self, registry: RunningRegistry) -> None:
        await registry.set("/config", compatibility="NONE")
        schemas = [f'{{"type":"fixed","name":"F","size":{number}}}' for number in range(20)]

        ids = await asyncio.gather(*(registry.register("s", schema) for schema in schemas * 2))

        assert sorted(set(ids)) == list(range(1, 21))
        assert ids[:20] == ids[20:]
        assert await numbers(registry, "s") == list(range(1, 21))

    async def test_what_makes_no_version_is_not_written_down(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        ledger = FakeLedger(is_failing=True)
        context = replace(registry.context, ledger=ledger)

        again = await register(context, Subject(".", "s"), NewSchema(text=A))
        with pytest.raises(IncompatibleSchema):
            await register(context, Subject(".", "s"), NewSchema(text=BROKEN))
        await plan_registration(context, Subject(".", "s"), NewSchema(text=AB))

        assert again.version == 1

    async def test_a_version_is_written_down_once_however_often_it_is_tried(
        self, registry: RunningRegistry
    ) -> None:
        ledger = FakeLedger()
        others = [record("a", f"other{number}") for number in range(3)]

        @asynccontextmanager
        async def meanwhile(verb: str, items: Sequence[str]) -> AsyncIterator[list[str]]:
            async with ledger(verb, items) as made:
                await _behind_its_back(registry, "s", others)
                yield made

        await registry.set("/config/s", compatibility="NONE")
        context = replace(registry.context, ledger=meanwhile)
        registered = await register(context, Subject(".", "s"), NewSchema(text=AB))

        assert registered.version == len(others) + 1
        assert ledger.begun == [("RegisterSchema", ["subject s"])]
        assert ledger.made == [[f"version {registered.version}", f"id {registered.version}"]]
        assert ledger.ended == [""]

    async def test_normalize_makes_orders_one_schema(self, registry: RunningRegistry) -> None:
        first = '{"type":"int","a":1,"b":2}'

        assert await registry.register("s", first) == 1
        body = {"schema": '{"type":"int","b":2,"a":1}'}
        found = await registry.ask("POST", "/subjects/s/versions?normalize=True", body)

        assert found["id"] == 1


class TestReferences:
    INNER = '{"type":"record","name":"n.Inner","fields":[]}'
    OUTER = '{"type":"record","name":"n.Outer","fields":[{"name":"i","type":"n.Inner"}]}'

    async def referring(self, registry: RunningRegistry) -> None:
        await registry.register("inner", self.INNER)
        references = [{"name": "n.Inner", "subject": "inner", "version": -1}]
        await registry.register("outer", self.OUTER, references=references)

    async def test_references_are_kept_with_their_version_and_found_backwards(
        self, registry: RunningRegistry
    ) -> None:
        await self.referring(registry)

        outer = await registry.ask("GET", "/subjects/outer/versions/1")
        resolved = await registry.ask("GET", "/schemas/ids/2?format=resolved")

        assert outer["references"] == [{"name": "n.Inner", "subject": "inner", "version": 1}]
        assert '"name":"Inner"' in resolved["schema"]
        assert await registry.ask("GET", "/subjects/inner/versions/1/referencedby") == [2]
        qualified = await registry.ask(
            "GET", "/subjects/outer/versions/1?referenceFormat=qualified"
        )
        assert qualified["references"][0]["subject"] == "inner"

    async def test_what_is_referred_to_is_not_deleted(self, registry: RunningRegistry) -> None:
        await self.referring(registry)

        assert await registry.refused("DELETE", "/subjects/inner") == (422, 42206)
        assert await registry.refused("DELETE", "/subjects/inner/versions/1") == (422, 42206)
        await registry.ask("DELETE", "/subjects/outer")
        await registry.ask("DELETE", "/subjects/inner")
        assert await registry.refused("DELETE", "/subjects/inner?permanent=true") == (422, 42206)
        await registry.ask("DELETE", "/subjects/outer?permanent=true")
        await registry.ask("DELETE", "/subjects/inner?permanent=true")
        assert await registry.ask("GET", "/subjects?deleted=true") == []

    async def test_a_schema_with_its_references_written_out_is_found(
        self, registry: RunningRegistry
    ) -> None:
        await self.referring(registry)
        fields = [{"name": "i", "type": json.loads(self.INNER)}]
        inlined = json.dumps({"type": "record", "name": "n.Outer", "fields": fields})

        found = await registry.ask("POST", "/subjects/outer", {"schema": inlined})

        assert found["id"] == 2
        assert await registry.register("outer", inlined) == 2
