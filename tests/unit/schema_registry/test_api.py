"""The door: paths, queries, types and errors, as clients of other registries expect them."""

from pathlib import Path

import pytest

from schema_registry.api import openapi
from schema_registry.api.documents import Shape
from schema_registry.api.requests import V1_TYPE
from schema_registry.api.routes import ROUTES
from tests.support.registry.door import RunningRegistry, record, running_registry

A, AB = record("a"), record("a", "b")


@pytest.mark.parametrize(
    "subject", ["a%2Fb", "a%3Ab", "%C3%A9%20%E2%82%AC", "a.b-c_d", "%25", "a+b", "%3Fx%3D1"]
)
async def test_subjects_are_routed_before_they_are_decoded(
    registry: RunningRegistry, subject: str
) -> None:
    await registry.register(subject, A)

    names = await registry.ask("GET", "/subjects")
    found = await registry.ask("GET", f"/subjects/{subject}/versions/1")

    assert [found["subject"]] == names
    assert await registry.ask("DELETE", f"/subjects/{subject}") == [1]


async def test_a_subject_that_is_not_utf8_is_latin1(registry: RunningRegistry) -> None:
    """So an umlaut of Confluent's client for Java is the umlaut of all others."""
    await registry.register("%E4", '"int"')

    assert await registry.ask("GET", "/subjects") == ["ä"]
    assert await registry.ask("GET", "/subjects/%C3%A4/versions") == [1]
    assert await registry.ask("GET", "/subjects/%E4/versions") == [1]


async def test_an_empty_subject_is_one(registry: RunningRegistry) -> None:
    assert await registry.register("", A) == 1

    assert await registry.ask("GET", "/subjects") == [""]
    assert (await registry.ask("GET", "/subjects//versions/1"))["version"] == 1


@pytest.mark.parametrize("path", ["/subjects/", "/config/", "/schemas/types/", "/contexts/"])
async def test_a_slash_at_the_end_is_served(registry: RunningRegistry, path: str) -> None:
    answer = await registry.client.get(path)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, V1_TYPE),
        ("*/*", V1_TYPE),
        ("application/*", V1_TYPE),
        ("application/json", "application/json"),
        ("application/vnd.schemaregistry+json", "application/vnd.schemaregistry+json"),
        (f"{V1_TYPE}, application/vnd.schemaregistry+json, application/json", V1_TYPE),
        (
            "application/json;q=0.9, application/vnd.schemaregistry.v1+json;q=0.1",
            "application/json",
        ),
    ],
)
async def test_answers_are_of_the_type_that_is_wanted(
    registry: RunningRegistry, accept: str | None, kind: str
) -> None:
    headers = {} if accept is None else {"accept": accept}

    answer = await registry.client.get("/subjects", headers=headers)

    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/subjects/a/b", {}, 404),
        ("GET", "/schemas/nothing/here", {}, 404),
        ("PATCH", "/subjects", {}, 405),
        ("PUT", "/subjects/a/versions", {}, 405),
        ("GET", "/subjects", {"accept": "text/html"}, 406),
        ("GET", "/subjects", {"accept": "application/json;q=0"}, 406),
        ("GET", "/subjects", {"accept": "application/json;q=x"}, 406),
        ("POST", "/subjects/a/versions", {"content-type": "text/plain"}, 415),
        ("POST", "/subjects/a/versions", {"content-type": "application/json"}, 400),
        ("GET", "/schemas/ids/x", {}, 400),
        ("GET", "/schemas/ids/99999999999", {}, 400),
        ("GET", "/schemas/ids/2147483648", {}, 400),
        ("GET", "/subjects?limit=x", {}, 400),
        ("GET", "/subjects?subjectPrefix=%FF", {}, 400),
        ("GET", "/subjects?" + "&".join("a=1" for _ in range(300)), {}, 400),
    ],
)
async def test_what_http_refuses_is_in_the_one_shape(
    registry: RunningRegistry, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await registry.client.request(method, path, headers=headers)

    assert answer.status_code == status
    assert answer.json()["error_code"] == status
    assert answer.json()["message"].startswith(f"HTTP {status}")
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    "kind", ["", "application/octet-stream", V1_TYPE, f"{V1_TYPE}; charset=utf-8"]
)
async def test_bodies_of_these_types_are_read_as_json(registry: RunningRegistry, kind: str) -> None:
    answer = await registry.client.put(
        "/config", content=b'{"compatibility":"FULL","more":1}', headers={"content-type": kind}
    )

    assert answer.json() == {"compatibility": "FULL"}


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"{", b"\xff", b"[" * 100_000])
async def test_bodies_that_are_no_objects_are_refused(
    registry: RunningRegistry, body: bytes
) -> None:
    answer = await registry.client.post("/subjects/s/versions", content=body)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("text", "is_true"),
    [("true", True), ("True", True), ("TRUE", True), ("", False), ("1", False), ("x", False)],
)
async def test_flags_are_true_in_any_case_and_false_otherwise(
    registry: RunningRegistry, text: str, is_true: bool
) -> None:
    await registry.register("s", A)
    await registry.ask("DELETE", "/subjects/s")

    assert (await registry.ask("GET", f"/subjects?deleted={text}") == ["s"]) is is_true


async def test_what_is_empty_is_left_out_and_the_shape_is_confluent_s(
    registry: RunningRegistry,
) -> None:
    registered = await registry.ask("POST", "/subjects/s/versions", {"schema": A})

    found = await registry.ask("GET", "/subjects/s/versions/1")

    assert set(registered) == {"id", "version", "guid", "schemaType", "schema", "ts"}
    assert found == {**registered, "subject": "s"}


async def test_the_old_shape_is_a_setting(tmp_path: Path) -> None:
    async with running_registry(tmp_path, Shape(old=True), 40901) as registry:
        assert await registry.ask("POST", "/subjects/s/versions", {"schema": A}) == {"id": 1}

        by_id = await registry.ask("GET", "/schemas/ids/1")

        assert set(by_id) == {"schema"}
        assert set(await registry.ask("GET", "/subjects/s/versions/1")) == {
            *("subject", "version", "id", "schema")
        }
        refused = await registry.refused("POST", "/subjects/s/versions", {"schema": '"int"'})
        assert refused == (409, 40901)


async def test_raw_schemas_are_bodies(registry: RunningRegistry) -> None:
    await registry.register("s", '"string"')

    answer = await registry.client.get("/subjects/s/versions/latest/schema")

    assert answer.content == b'"string"'


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/contexts/.c/subjects/s/versions", ":.c:s"),
        ("/contexts/c/subjects/s/versions", ":.c:s"),
        ("/contexts/:.c:/subjects/s/versions", ":.c:s"),
        ("/contexts/%3A.c%3A/subjects/s/versions", ":.c:s"),
        ("/contexts/.c/subjects/:.d:s/versions", ":.d:s"),
        ("/contexts/.c/subjects/%3A.d%3As/versions", ":.d:s"),
    ],
)
async def test_contexts_in_the_path_qualify_subjects(
    registry: RunningRegistry, path: str, subject: str
) -> None:
    await registry.ask("POST", path, {"schema": A})

    assert await registry.ask("GET", "/subjects") == [subject]


async def test_servers_of_other_makers_are_asked_how_they_are(registry: RunningRegistry) -> None:
    assert await registry.ask("GET", "/master_available") == {"master_available": True}
    assert (await registry.ask("GET", "/_health"))["schema_registry_ready"] is True
    assert await registry.ask("POST", "/") == {}
    assert (await registry.ask("GET", "/v1/metadata/id"))["scope"]["clusters"]["kafka-cluster"]
    assert (await registry.ask("GET", "/v1/metadata/version"))["version"] == "1"
    assert "attributes" in await registry.ask("GET", "/v1/metadata/deployment")
    assert await registry.ask("GET", "/schemas/types") == ["JSON", "PROTOBUF", "AVRO"]


def test_every_route_is_in_the_document() -> None:
    document = {"tags": [], "paths": {}, "components": {"schemas": {}}}

    openapi.add_to(document)

    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) == len(ROUTES)
    assert len({one["operationId"] for one in operations}) == len(ROUTES)
    tags = {tag["name"] for tag in document["tags"]}
    assert {one["tags"][0] for one in operations} == tags


async def test_a_descriptor_is_answered_with_a_descriptor(registry: RunningRegistry) -> None:
    text = 'syntax = "proto3"; message M { int32 a = 1; }'
    body = {"schemaType": "PROTOBUF", "schema": text}
    await registry.ask("POST", "/subjects/p/versions", body)
    found = await registry.ask("GET", "/subjects/p/versions/1?format=serialized")
    body["schema"] = found["schema"]

    registered = await registry.ask("POST", "/subjects/p/versions", body)
    looked_up = await registry.ask("POST", "/subjects/p", body)

    assert registered["schema"] == looked_up["schema"] == body["schema"]
    assert registered["version"] == 1
