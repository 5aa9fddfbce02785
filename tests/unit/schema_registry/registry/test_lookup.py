"""Lookup: by number, content, metadata, id and GUID; lists; what is not there."""

import pytest

from tests.support.registry.door import RunningRegistry, record

A, AB, ABC = record("a"), record("a", "b"), record("a", "b", "c")


class TestLookUp:
    async def test_versions_are_found_by_number_content_metadata_id_and_guid(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A, metadata={"properties": {"major": "1"}})
        await registry.register("s", AB, metadata={"properties": {"major": "2"}})

        latest = await registry.ask("GET", "/subjects/s/versions/latest")
        assert latest == await registry.ask("GET", "/subjects/s/versions/-1")
        assert latest == await registry.ask("GET", "/subjects/s/versions/2")
        first = await registry.ask("GET", "/subjects/s/metadata?key=major&value=1")
        assert first["version"] == 1
        by_id = await registry.ask("GET", "/schemas/ids/1?subject=s&fetchMaxId=true")
        assert (by_id["version"], by_id["maxId"]) == (1, 2)
        by_guid = await registry.ask("GET", f"/schemas/guids/{first['guid']}")
        assert by_guid["schema"] == first["schema"]
        assert await registry.ask("GET", f"/schemas/guids/{first['guid']}/ids") == [
            {"context": ".", "id": 1}
        ]
        assert await registry.ask("GET", "/schemas/ids/1/subjects") == ["s"]
        assert await registry.ask("GET", "/schemas/ids/1/versions") == [
            {"subject": "s", "version": 1}
        ]
        assert (await registry.ask("GET", "/schemas/ids/1/schema"))["name"] == "R"
        assert (await registry.ask("GET", "/subjects/s/versions/1/schema"))["name"] == "R"

    @pytest.mark.parametrize("guid", ["a%00", "%00" * 36, "x", "0" * 200])
    async def test_a_guid_that_is_none_is_asked_of_nobody(
        self, registry: RunningRegistry, guid: str
    ) -> None:
        assert await registry.refused("GET", f"/schemas/guids/{guid}") == (404, 40403)
        assert await registry.refused("GET", f"/schemas/guids/{guid}/ids") == (404, 40403)

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/subjects/none/versions", 404, 40401),
            ("GET", "/subjects/none/versions/1", 404, 40401),
            ("GET", "/subjects/s/versions/2", 404, 40402),
            ("GET", "/subjects/s/versions/0", 422, 42202),
            ("GET", "/subjects/s/versions/-2", 422, 42202),
            ("GET", "/subjects/s/versions/2147483648", 422, 42202),
            ("GET", "/subjects/s/versions/x/schema", 422, 42202),
            ("GET", "/subjects/s/metadata?key=a&value=b", 404, 40403),
            ("GET", "/subjects/none/versions/1/referencedby", 404, 40401),
            ("GET", "/schemas/ids/9", 404, 40403),
            ("GET", "/schemas/ids/9/schema", 404, 40403),
            ("GET", "/schemas/ids/9/subjects", 404, 40403),
            ("GET", "/schemas/ids/9/versions", 404, 40403),
            ("GET", "/schemas/guids/none", 404, 40403),
            ("GET", "/schemas/guids/none/ids", 404, 40403),
            ("GET", "/config/s", 404, 40408),
            ("GET", "/mode/s", 404, 40409),
            ("DELETE", "/config/s", 404, 40401),
            ("DELETE", "/mode/s", 404, 40401),
            ("DELETE", "/subjects/none", 404, 40401),
            ("DELETE", "/subjects/none/versions/1", 404, 40401),
            ("DELETE", "/subjects/s/versions/2", 404, 40402),
            ("DELETE", "/subjects/s?permanent=true", 404, 40405),
            ("DELETE", "/subjects/s/versions/1?permanent=true", 404, 40407),
            ("DELETE", "/contexts/none", 404, 40401),
        ],
    )
    async def test_what_is_not_there_is_said_with_its_code(
        self, registry: RunningRegistry, method: str, path: str, status: int, code: int
    ) -> None:
        await registry.register("s", A)

        assert await registry.refused(method, path) == (status, code)

    async def test_a_schema_of_another_subject_is_told_where_it_is(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.register("t", AB)

        answer = await registry.client.post("/subjects/s", json={"schema": AB})

        message = "Schema not found; it is id 2, version 1 of subject 't'"
        assert answer.json() == {"error_code": 40403, "message": message}

    async def test_a_schema_that_is_not_found_is_told_what_comes_nearest(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.register("s", AB)

        other = record("a", "z")
        answer = await registry.client.post("/subjects/s", json={"schema": other})

        assert answer.json() == {
            "error_code": 40403,
            "message": "Schema not found; nearest is version 2 (id 2),"
            " which has 'b' instead of 'z'",
        }
        assert await registry.refused("POST", "/subjects/none", {"schema": A}) == (404, 40401)

    async def test_a_version_that_is_not_found_is_told_those_that_the_list_has(
        self, registry: RunningRegistry
    ) -> None:
        for text in (A, AB, ABC):
            await registry.register("s", text)
        await registry.ask("DELETE", "/subjects/s/versions/2")

        answers = [
            await registry.client.get("/subjects/s/versions/2"),
            await registry.client.get("/subjects/s/versions/9"),
            await registry.client.post("/compatibility/subjects/s/versions/9", json={"schema": A}),
        ]

        assert [answer.json()["error_code"] for answer in answers] == [40402] * 3
        assert [answer.json()["message"] for answer in answers] == [
            "Version 2 not found; there are 1, 3.",
            "Version 9 not found; there are 1, 3.",
            "Version 9 not found; there are 1, 3.",
        ]

    async def test_lists_are_paged_and_filtered(self, registry: RunningRegistry) -> None:
        for name in ("a1", "a2", "b1", "A3"):
            await registry.register(name, A)
        await registry.register("a1", AB)
        await registry.ask("DELETE", "/subjects/b1")

        assert await registry.ask("GET", "/subjects?subjectPrefix=a") == ["a1", "a2"]
        assert await registry.ask("GET", "/subjects?offset=1&limit=1") == ["a1"]
        assert await registry.ask("GET", "/subjects?deletedOnly=true") == ["b1"]
        assert "b1" in await registry.ask("GET", "/subjects?deleted=TRUE")
        listed = await registry.ask("GET", "/schemas?subjectPrefix=a&latestOnly=true")
        assert [(one["subject"], one["version"]) for one in listed] == [("a1", 2), ("a2", 1)]
        assert len(await registry.ask("GET", "/schemas?limit=2")) == 2
        assert await registry.ask("GET", "/schemas?ruleType=CEL") == []
