"""Deletion: soft, then permanent."""

import json

from tests.support.registry.door import RunningRegistry, record

A, AB, ABC = record("a"), record("a", "b"), record("a", "b", "c")
BROKEN = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]})


async def numbers(registry: RunningRegistry, subject: str, query: str = "") -> list[int]:
    found: list[int] = await registry.ask("GET", f"/subjects/{subject}/versions{query}")
    return found


class TestDelete:
    async def test_soft_hides_and_permanent_erases(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        await registry.register("s", AB)
        await registry.set("/config/s", compatibility="FULL")

        assert await registry.ask("DELETE", "/subjects/s/versions/latest") == 2
        assert await numbers(registry, "s") == [1]
        assert await numbers(registry, "s", "?deletedAsNegative=true") == [1, -2]
        assert await registry.ask("GET", "/schemas/ids/2"), "consumers still read it"
        assert await registry.refused("DELETE", "/subjects/s/versions/2") == (404, 40406)
        assert await registry.ask("DELETE", "/subjects/s/versions/2?permanent=true") == 2
        assert await registry.refused("GET", "/schemas/ids/2") == (404, 40403)
        assert await registry.ask("DELETE", "/subjects/s") == [1]
        assert await registry.refused("DELETE", "/subjects/s") == (404, 40404)
        assert (await registry.ask("GET", "/config/s"))["compatibilityLevel"] == "FULL"
        assert await registry.ask("DELETE", "/subjects/s?permanent=true") == [1]
        assert await registry.refused("GET", "/config/s") == (404, 40408)

    async def test_numbers_of_softly_deleted_versions_are_not_used_again(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.ask("DELETE", "/subjects/s")

        await registry.register("s", BROKEN)

        assert await numbers(registry, "s") == [2]

    async def test_an_id_stays_while_another_subject_has_it(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.register("t", A)
        for query in ("", "?permanent=true"):
            await registry.ask("DELETE", f"/subjects/s{query}")

        assert await registry.ask("GET", "/schemas/ids/1/subjects") == ["t"]
