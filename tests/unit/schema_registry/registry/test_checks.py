"""Checks: levels, groups, reserved fields."""

import json

import pytest

from tests.support.registry.door import RunningRegistry, record

A, AB, ABC = record("a"), record("a", "b"), record("a", "b", "c")
BROKEN = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]})


class TestCheck:
    @pytest.mark.parametrize(
        ("level", "allowed"),
        [
            ("NONE", True),
            ("BACKWARD", True),
            ("FORWARD", False),
            ("FULL", False),
            ("BACKWARD_TRANSITIVE", False),
        ],
    )
    async def test_levels_decide(
        self, registry: RunningRegistry, level: str, allowed: bool
    ) -> None:
        await registry.set("/config/s", compatibility="NONE")
        await registry.register("s", '"string"')
        await registry.register("s", '"int"')
        await registry.set("/config/s", compatibility=level)

        found = await registry.ask(
            "POST", "/compatibility/subjects/s/versions?verbose=true", {"schema": '"long"'}
        )

        assert found["is_compatible"] is allowed
        assert bool(found["messages"]) is not allowed

    async def test_checks_of_what_is_not_there(self, registry: RunningRegistry) -> None:
        path = "/compatibility/subjects/s/versions"

        assert await registry.ask("POST", f"{path}/latest", {"schema": A}) == {
            "is_compatible": True
        }
        assert await registry.refused("POST", f"{path}/1", {"schema": A}) == (404, 40402)
        assert await registry.refused("POST", f"{path}/x", {"schema": A}) == (422, 42202)
        assert await registry.refused("POST", f"{path}/latest", {"schema": "{"}) == (422, 42201)
        found = await registry.ask("POST", f"{path}/latest?verbose=true", {"schema": "{"})
        assert found["is_compatible"] is False
        assert "JSON" in found["messages"][0]

    async def test_a_group_keeps_lines_of_versions_apart(self, registry: RunningRegistry) -> None:
        await registry.set("/config/s", compatibilityGroup="major")
        await registry.register("s", A, metadata={"properties": {"major": "1"}})

        await registry.register("s", BROKEN, metadata={"properties": {"major": "2"}})

        body = {"schema": AB, "metadata": {"properties": {"major": "1"}}}
        path = "/compatibility/subjects/s/versions"
        assert await registry.ask("POST", path, body) == {"is_compatible": True}
        body["metadata"] = {"properties": {"major": "2"}}
        assert await registry.ask("POST", path, body) == {"is_compatible": False}

    async def test_reserved_fields_are_kept_free(self, registry: RunningRegistry) -> None:
        await registry.set("/config/s", validateFields=True)
        reserved = {"properties": {"confluent:reserved": "b"}}
        await registry.register("s", A, metadata=reserved)

        path = "/subjects/s/versions"
        assert await registry.refused("POST", path, {"schema": AB}) == (409, 409)
        body = {"schema": ABC, "metadata": {"properties": {"x": "y"}}}
        assert await registry.refused("POST", path, body) == (409, 409)
        assert await registry.register("s", record("a", "c")) == 2
