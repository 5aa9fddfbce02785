"""Settings and modes: inheritance, read-only, import, aliases."""

import json
from typing import Any

import pytest

from tests.support.registry.door import RunningRegistry, record

A, AB, ABC = record("a"), record("a", "b"), record("a", "b", "c")
BROKEN = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]})


async def numbers(registry: RunningRegistry, subject: str, query: str = "") -> list[int]:
    found: list[int] = await registry.ask("GET", f"/subjects/{subject}/versions{query}")
    return found


class TestSettings:
    async def test_settings_are_inherited_and_cleared(self, registry: RunningRegistry) -> None:
        await registry.set("/config", compatibility="FULL", normalize=True)
        await registry.set("/config/s", compatibilityGroup="g")

        own = await registry.ask("GET", "/config/s")
        whole = await registry.ask("GET", "/config/s?defaultToGlobal=true")
        assert own == {"compatibilityLevel": "FULL", "compatibilityGroup": "g"}
        assert whole == {**own, "normalize": True}
        await registry.ask(
            "PUT", "/config/s", {"compatibilityGroup": None, "compatibility": "NONE"}
        )
        assert await registry.ask("GET", "/config/s") == {"compatibilityLevel": "NONE"}
        assert await registry.ask("DELETE", "/config/s") == {"compatibilityLevel": "NONE"}
        assert (await registry.ask("DELETE", "/config"))["compatibilityLevel"] == "FULL"
        assert await registry.ask("GET", "/config") == {"compatibilityLevel": "BACKWARD"}

    @pytest.mark.parametrize(
        ("path", "body", "code"),
        [
            ("/config", {"compatibility": "SOMETIMES"}, 42203),
            ("/config", {"compatibilityPolicy": "LAX"}, 42203),
            ("/config/__GLOBAL", {"compatibility": "NONE"}, 42208),
            ("/config/%00", {"compatibility": "NONE"}, 42208),
            (
                "/config/s",
                {"overrideRuleSet": {"domainRules": [{"name": "-", "type": "x"}]}},
                42210,
            ),
            ("/mode", {"mode": "SLOW"}, 42204),
            ("/mode/s", {"mode": "FORWARD"}, 42204),
            ("/mode/:.__GLOBAL:s", {"mode": "READONLY"}, 42208),
        ],
    )
    async def test_settings_that_are_none_are_refused(
        self, registry: RunningRegistry, path: str, body: Any, code: int
    ) -> None:
        assert await registry.refused("PUT", path, body) == (422, code)

    async def test_read_only_means_it(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        await registry.set("/mode/s", mode="READONLY")

        for method, path, body in (
            ("POST", "/subjects/s/versions", {"schema": AB}),
            ("DELETE", "/subjects/s", None),
            ("DELETE", "/subjects/s/versions/1", None),
            ("PUT", "/config/s", {"compatibility": "NONE"}),
            ("DELETE", "/config/s", None),
        ):
            assert await registry.refused(method, path, body) == (422, 42205), path
        assert await registry.ask("DELETE", "/mode/s") == {"mode": "READONLY"}
        await registry.set("/mode", mode="readonly")
        assert await registry.ask("GET", "/mode/s?defaultToGlobal=true") == {"mode": "READONLY"}
        assert await registry.refused("POST", "/subjects/s/versions", {"schema": AB}) == (
            422,
            42205,
        )
        await registry.ask("PUT", "/mode", {"mode": None})
        assert await registry.register("s", AB) == 2

    async def test_the_global_override_is_above_all(self, registry: RunningRegistry) -> None:
        await registry.set("/mode/s", mode="READWRITE")
        await registry.set("/mode/:.__GLOBAL:", mode="READONLY_OVERRIDE")

        assert await registry.refused("POST", "/subjects/s/versions", {"schema": A}) == (422, 42205)

    async def test_aliases_lead_to_their_subject(self, registry: RunningRegistry) -> None:
        await registry.set("/config/other", alias="s")

        await registry.register("other", A)

        assert await registry.ask("GET", "/subjects") == ["s"]
        assert (await registry.ask("GET", "/subjects/other/versions/1"))["subject"] == "s"
        assert (await registry.ask("GET", "/schemas?aliases=true"))[0]["aliases"] == ["other"]

    async def test_modes_below_go_with_a_recursive_delete(self, registry: RunningRegistry) -> None:
        await registry.set("/mode", mode="READONLY")
        await registry.set("/mode/s", mode="READWRITE")

        assert await registry.ask("DELETE", "/mode?recursive=true") == {"mode": "READONLY"}

        assert await registry.refused("GET", "/mode/s") == (404, 40409)


class TestImport:
    async def test_ids_and_versions_are_kept(self, registry: RunningRegistry) -> None:
        await registry.set("/mode", mode="IMPORT")

        assert await registry.register("s", A, id=40, version=7) == 40
        assert await registry.register("s", BROKEN, id=41, version=3) == 41
        assert await registry.register("s", A, id=40, version=7) == 40

        assert await numbers(registry, "s") == [3, 7]
        path = "/subjects/s/versions"
        assert await registry.refused("POST", path, {"schema": AB, "id": 40}) == (422, 42205)
        assert await registry.refused("POST", path, {"schema": A, "id": 50}) == (422, 42207)
        await registry.set("/mode", mode="READWRITE")
        assert await registry.register("t", ABC) == 42, "ids go on behind those that came"

    async def test_import_needs_an_empty_place_or_force(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        await registry.register("gone", A)
        await registry.ask("DELETE", "/subjects/gone")

        assert await registry.refused("PUT", "/mode", {"mode": "IMPORT"}) == (422, 42205)
        await registry.ask("PUT", "/mode?force=true", {"mode": "IMPORT"})

        assert await registry.ask("GET", "/subjects?deleted=true") == ["s"]
