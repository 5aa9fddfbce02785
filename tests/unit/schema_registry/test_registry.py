"""The registry as a whole: contexts, and versions made of other versions."""

import json

from tests.support.registry.door import RunningRegistry, record

A, AB, ABC = record("a"), record("a", "b"), record("a", "b", "c")
BROKEN = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]})


class TestContexts:
    async def test_a_context_is_a_registry_of_its_own(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        assert await registry.register(":.other:s", '"int"') == 1
        found = await registry.ask(
            "POST", "/contexts/.other/subjects/t/versions", {"schema": '"long"'}
        )

        assert found["id"] == 2
        assert await registry.ask("GET", "/contexts") == [".", ".other"]
        assert await registry.ask("GET", "/subjects") == ["s", ":.other:s", ":.other:t"]
        assert await registry.ask("GET", "/subjects?subjectPrefix=") == ["s"]
        assert await registry.ask("GET", "/contexts/.other/subjects") == [":.other:s", ":.other:t"]
        assert await registry.ask("GET", "/contexts/.other/subjects?subjectPrefix=t") == [
            ":.other:t"
        ]
        assert (await registry.ask("GET", "/contexts/.other/schemas/ids/1"))["schema"] == '"int"'
        assert (await registry.ask("GET", "/schemas/ids/2?subject=:.other:"))["schema"] == '"long"'

    async def test_names_without_a_context_are_found_in_others(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register(":.other:t", '"long"')

        assert (await registry.ask("GET", "/subjects/t/versions/1"))["subject"] == ":.other:t"
        assert (await registry.ask("GET", "/schemas/ids/1?subject=t"))["subject"] == ":.other:t"

    async def test_settings_of_a_context_hold_in_it(self, registry: RunningRegistry) -> None:
        await registry.set("/contexts/.other/config", compatibility="NONE")
        await registry.set("/config/:.__GLOBAL:", compatibility="FULL")
        for subject in (":.other:s", "s"):
            await registry.register(subject, A)

        assert await registry.register(":.other:s", BROKEN) == 2
        assert (await registry.ask("GET", "/config"))["compatibilityLevel"] == "FULL"
        assert (await registry.ask("GET", "/config/:.other:"))["compatibilityLevel"] == "NONE"

    async def test_contexts_without_subjects_can_go(self, registry: RunningRegistry) -> None:
        await registry.register(":.other:s", A)

        assert await registry.refused("DELETE", "/contexts/.other") == (422, 42211)
        for query in ("", "?permanent=true"):
            await registry.ask("DELETE", f"/subjects/:.other:s{query}")
        await registry.ask("DELETE", "/contexts/.other")

        assert await registry.ask("GET", "/contexts") == ["."]

    async def test_nothing_is_registered_where_settings_are(
        self, registry: RunningRegistry
    ) -> None:
        path = "/subjects/:.__GLOBAL:s/versions"
        assert await registry.refused("POST", path, {"schema": A}) == (422, 42208)


class TestTags:
    async def test_tags_and_rules_make_a_new_version(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        tag = {"schemaEntity": {"entityPath": "R.a", "entityType": "sr_field"}, "tags": ["PII"]}
        rules = {"domainRules": [{"name": "r", "type": "CEL", "mode": "WRITE"}]}

        path = "/subjects/s/versions/1/tags"
        found = await registry.ask("POST", path, {"tagsToAdd": [tag], "rulesToMerge": rules})
        again = await registry.ask(
            "POST", "/subjects/s/versions/2/tags", {"tagsToRemove": [tag], "rulesToRemove": ["r"]}
        )

        assert (found["version"], found["metadata"]) == (2, {"tags": {"R.a": ["PII"]}})
        assert found["ruleSet"]["domainRules"][0]["name"] == "r"
        assert again["version"] == 3
        assert "metadata" not in again
