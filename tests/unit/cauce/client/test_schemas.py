import json

import httpx
import pytest

from cauce.client.errors import Refused, UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.schemas import NewSchema, Reference, Schemas
from tests.support.fake_rest_server import FakeRestServer, refusal

VERSION = {"subject": "s", "version": 2, "id": 7, "schema": '"int"'}


def schemas_of(*answers: object) -> tuple[Schemas, FakeRestServer]:
    server = FakeRestServer()
    made = [
        one if isinstance(one, httpx.Response) else httpx.Response(200, json=one) for one in answers
    ]
    server.before = [lambda _request, one=one: one for one in made]
    return Schemas(HttpClient(transport=server.transport)), server


def asked(server: FakeRestServer) -> list[tuple[str, str]]:
    return [(one.method, one.url.raw_path.decode()) for one in server.requests]


def test_names_are_escaped_whole_and_only_what_is_asked_for_is_in_the_query() -> None:
    schemas, server = schemas_of(["a"], [1], VERSION, VERSION)

    schemas.subjects("a/")
    schemas.versions("a/b c", deleted=True)
    schemas.get("a/b")
    schemas.get("s", "2", deleted=True)

    assert asked(server) == [
        ("GET", "/subjects?subjectPrefix=a%2F"),
        ("GET", "/subjects/a%2Fb%20c/versions?deleted=true"),
        ("GET", "/subjects/a%2Fb/versions/latest"),
        ("GET", "/subjects/s/versions/2?deleted=true"),
    ]


def test_a_schema_is_sent_with_its_type_and_references() -> None:
    plan = {"version": 3, "isNew": True, "is_compatible": False, "diff": ["-a"]}
    schemas, server = schemas_of(VERSION, plan, {"is_compatible": False, "messages": ["m"]})
    new = NewSchema("text", "PROTOBUF", [Reference("a.proto", "a", 1)])

    made = schemas.register("s", new, normalize=True)
    planned = schemas.plan("s", new)
    verdict = schemas.check("s", new, None)

    assert (made.id, made.version, made.schema_type) == (7, 2, "AVRO")
    assert (planned.version, planned.is_new, planned.diff) == (3, True, ["-a"])
    assert (verdict.is_compatible, verdict.messages) == (False, ["m"])
    assert asked(server) == [
        ("POST", "/subjects/s/versions?normalize=true"),
        ("POST", "/subjects/s/versions?dryRun=true"),
        ("POST", "/compatibility/subjects/s/versions?verbose=true"),
    ]
    assert json.loads(server.requests[0].content) == {
        "schema": "text",
        "schemaType": "PROTOBUF",
        "references": [{"name": "a.proto", "subject": "a", "version": 1}],
    }


def test_one_version_or_all_are_deleted() -> None:
    schemas, server = schemas_of(2, [1, 2])

    assert schemas.delete("s", "2") == [2]
    assert schemas.delete("s", permanent=True) == [1, 2]
    assert asked(server) == [
        ("DELETE", "/subjects/s/versions/2"),
        ("DELETE", "/subjects/s?permanent=true"),
    ]


def test_levels_and_modes_are_read_set_and_taken_away() -> None:
    schemas, server = schemas_of(
        {"compatibilityLevel": "FULL"}, {}, {}, {"mode": "IMPORT"}, {}, {}, httpx.Response(200)
    )

    assert schemas.level() == "FULL"
    schemas.set_level("NONE", "s")
    schemas.set_level(None, "s")
    assert schemas.mode("s") == "IMPORT"
    schemas.set_mode("IMPORT", force=True)
    schemas.set_mode(None, "s")

    assert asked(server) == [
        ("GET", "/config?defaultToGlobal=true"),
        ("PUT", "/config/s"),
        ("DELETE", "/config/s"),
        ("GET", "/mode/s?defaultToGlobal=true"),
        ("PUT", "/mode?force=true"),
        ("DELETE", "/mode/s"),
    ]
    assert json.loads(server.requests[1].content) == {"compatibility": "NONE"}


def test_refusals_and_nonsense_are_told_apart() -> None:
    schemas, _ = schemas_of(refusal(404, 40401, "Subject 's' not found."), {"no": "list"})

    with pytest.raises(Refused, match="not found"):
        schemas.get("s")
    with pytest.raises(UnexpectedAnswer):
        schemas.subjects()
