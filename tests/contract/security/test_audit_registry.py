"""Every route of the Schema Registry that changes something, and what the audit log says of it."""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

from app.security.acls import Ground
from app.security.audit.file import AuditFile
from schema_registry.api.guard import RULES
from storage.errors import DiskError
from tests.support.node import ROOT, NodeProcess
from tests.support.security.tenants import (
    ADMIN,
    OTHER,
    OWNER,
    SUBJECT,
    TOPIC,
    Tenants,
    running_tenants,
)

pytestmark = pytest.mark.slow

DOCUMENT = json.loads((ROOT / "openapi" / "cauce-v3.json").read_text())
ASKING = {"lookUpSchema", "checkVersion", "checkSubject", "batchGetAssociations", "postRoot"}
"""Routes that are no GET, and change nothing all the same."""

RESOURCE = {"resourceId": "r", "resourceName": "orders", "resourceNamespace": "n"}
SCHEMA = {"schema": '"string"'}
ASSOCIATION = {"subject": f"{SUBJECT}-2", "lifecycle": "WEAK"}


class Entry(NamedTuple):
    """How a route is asked so that it changes something."""

    path: str
    body: Any = None
    verb: str = ""
    """In the log; the route's name, if empty."""

    @property
    def url(self) -> str:
        """Where, of the things that there are."""
        return self.path.format(s=SUBJECT)


ENTRIES: dict[str, Entry] = {
    "registerSchema": Entry("/subjects/{s}-2/versions", SCHEMA),
    "changeTags": Entry("/subjects/{s}/versions/1/tags", {"newVersion": 2}, "RegisterSchema"),
    "putConfig": Entry("/config", {"compatibility": "FULL"}),
    "putSubjectConfig": Entry("/config/{s}", {"compatibility": "NONE"}, "PutConfig"),
    "putMode": Entry("/mode", {"mode": "READWRITE"}),
    "putSubjectMode": Entry("/mode/{s}", {"mode": "READWRITE"}, "PutMode"),
    "createAssociations": Entry("/associations", {**RESOURCE, "associations": [ASSOCIATION]}),
    "putAssociations": Entry(
        "/associations/resources/r", {**RESOURCE, "associations": [ASSOCIATION]}
    ),
    "batchMutateAssociations": Entry(
        "/associations:batchMutate",
        {"requests": [{**RESOURCE, "associations": [{**ASSOCIATION, "opType": "UPSERT"}]}]},
        "PutAssociations",
    ),
    "deleteAssociations": Entry("/associations/resources/r"),
    "deleteMode": Entry("/mode"),
    "deleteSubjectMode": Entry("/mode/{s}", None, "DeleteMode"),
    "deleteConfig": Entry("/config"),
    "deleteSubjectConfig": Entry("/config/{s}", None, "DeleteConfig"),
    "deleteVersion": Entry("/subjects/{s}/versions/1"),
    "deleteSubject": Entry("/subjects/{s}-2"),
    "deleteContext": Entry("/contexts/.ctx"),
}
"""In this order: what comes later deletes what came before."""


def changing() -> dict[str, str]:
    """Return the method of each route of the document that changes something in the registry."""
    return {
        operation["operationId"]: method.upper()
        for item in DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method in ("post", "put", "patch", "delete")
        and any(tag.startswith("Schema Registry") for tag in operation["tags"])
        and operation["operationId"] not in ASKING
    }


@pytest.fixture
async def tenants(tmp_path: Path) -> AsyncIterator[Tenants]:
    """A node with an empty context besides what is its tenants'."""
    async with running_tenants(tmp_path / "data") as running:
        admin = running.clients[ADMIN]
        await admin.post("/subjects/:.ctx:x/versions", json=SCHEMA)
        for query in ("", "?permanent=true"):
            deleted = await admin.delete(f"/subjects/:.ctx:x{query}")
            assert deleted.status_code == 200, deleted.text
        yield running


class Log:
    """What is new in the audit log of a node."""

    def __init__(self, directory: Path, tenants: Tenants) -> None:
        """Begin with what comes from now on."""
        self._path = directory / "data" / "audit.log"
        self._audit: Any = tenants.broker.audit
        self._seen = len(self._path.read_bytes())

    async def new(self) -> list[dict[str, Any]]:
        """Return the events since the last time, with what waits to be written."""
        await self._audit.flush()
        return self.written()

    def written(self) -> list[dict[str, Any]]:
        """Return those that are in the file already."""
        text = self._path.read_bytes()[self._seen :]
        self._seen += len(text)
        return [json.loads(line)["data"] for line in text.splitlines()]


async def ask(client: httpx.AsyncClient, method: str, entry: Entry) -> httpx.Response:
    """Ask a route."""
    return await client.request(method, entry.url, json=entry.body, timeout=20)


def test_every_route_that_changes_something_is_asked() -> None:
    assert set(changing()) == set(ENTRIES)


async def test_every_change_is_written_down_before_it_is_answered(
    tenants: Tenants, tmp_path: Path
) -> None:
    methods, log = changing(), Log(tmp_path, tenants)

    for route, entry in ENTRIES.items():
        await log.new()
        answer = await ask(tenants.clients[ADMIN], methods[route], entry)
        assert answer.status_code < 300, (route, answer.text)
        begun, ended = log.written()
        assert begun["methodName"] == (entry.verb or route[0].upper() + route[1:])
        assert begun["authenticationInfo"]["principal"] == "User:admin"
        assert (begun["category"], begun["authorizationInfo"]["granted"]) == ("admin", True)
        assert begun["items"], route
        assert ended["result"] == {"status": "SUCCESS"}
        assert begun["requestMetadata"]["requestId"] == ended["requestMetadata"]["requestId"]


def full(*_: object, **__: object) -> None:
    """Write as to a disk without room."""
    raise DiskError("no room")


async def test_nothing_is_changed_while_the_log_cannot_be_written(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, methods = tenants.clients[ADMIN], changing()

    for route, entry in ENTRIES.items():
        before = await revision(admin)
        with monkeypatch.context() as patch:
            patch.setattr(AuditFile, "write", full)
            refused = await ask(admin, methods[route], entry)
        assert (refused.status_code, refused.json()["error_code"]) == (503, 50003), route
        assert "nothing was changed" in refused.json()["message"]
        assert await revision(admin) == before, route
        changed = await ask(admin, methods[route], entry)
        assert changed.status_code < 300, (route, changed.text)


async def test_what_changes_nothing_is_answered_without_the_log(
    tenants: Tenants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, log = tenants.clients[OWNER], Log(tmp_path, tenants)
    versions = f"/subjects/{SUBJECT}/versions"
    check = f"/compatibility{versions}"

    for path in (versions, f"{versions}?dryRun=true", f"/subjects/{SUBJECT}", check):
        with monkeypatch.context() as patch:
            patch.setattr(AuditFile, "write", full)
            answer = await owner.post(path, json=SCHEMA)
        assert answer.status_code == 200, answer.text

    assert await log.new() == []


async def test_a_refusal_is_one_event_with_what_was_asked(tenants: Tenants, tmp_path: Path) -> None:
    methods, log = changing(), Log(tmp_path, tenants)

    for route, entry in ENTRIES.items():
        answer = await ask(tenants.clients[OTHER], methods[route], entry)
        assert answer.status_code == 403, (route, answer.text)
        (denied,) = await log.new()
        assert denied["category"] == "denied", route
        assert denied["authenticationInfo"]["principal"] == "User:other"
        assert denied["authorizationInfo"]["ground"] == Ground.NO_ACL.value
        needed = RULES[route]
        assert needed is not None
        assert denied["authorizationInfo"]["operation"] == needed.value


async def test_what_is_left_out_of_a_list_is_no_refusal(tenants: Tenants, tmp_path: Path) -> None:
    log = Log(tmp_path, tenants)

    for path in ("/subjects", "/schemas", "/schemas/ids/1/subjects"):
        answer = await tenants.clients[OTHER].get(path)
        assert SUBJECT not in answer.text

    assert await log.new() == []


async def revision(client: httpx.AsyncClient) -> int:
    answer = await client.get("/_health")
    number: int = answer.json()["status"]["revision"]
    return number


async def test_a_schema_that_comes_with_records_is_a_change_or_a_refusal(
    tenants: Tenants, tmp_path: Path
) -> None:
    owner, log = tenants.clients[OWNER], Log(tmp_path, tenants)
    v3, v2 = f"/v3/clusters/-/topics/{TOPIC}/records", f"/topics/{TOPIC}"
    value = {"type": "AVRO", "data": 1, "schema": '"int"'}
    v2_type = {"content-type": "application/vnd.kafka.avro.v2+json"}
    v2_body = {"value_schema": '{"type":"array","items":"int"}', "records": [{"value": [1]}]}

    for _ in range(2):  # the second time it is there
        produced = await owner.post(v3, json={"value": {**value, "subject": f"{TOPIC}-v3"}})
        assert produced.status_code == 200, produced.text
        assert (await owner.post(v2, json=v2_body, headers=v2_type)).status_code == 200
    changes = await log.new()
    refused = await owner.post(v3, json={"value": {**value, "subject": "other-value"}})
    (denied,) = await log.new()

    assert [(one["methodName"], one["resourceName"]) for one in changes] == [
        ("RegisterSchema", f"subject={name}")
        for name in (f"{TOPIC}-v3", f"{TOPIC}-v3", f"{TOPIC}-value", f"{TOPIC}-value")
    ]
    assert {one["authenticationInfo"]["principal"] for one in changes} == {"User:owner"}
    assert refused.json()["error_code"] == 40301
    assert (denied["category"], denied["resourceName"]) == ("denied", "subject=other-value")
    assert denied["authorizationInfo"]["operation"] == "WRITE"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    node = NodeProcess(tmp_path / "data", "--authentication", "required")
    node.start()
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log


def registry_client(node: NodeProcess, user: str, password: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": node.url, "basic.auth.user.info": f"{user}:{password}"})


def test_what_confluents_client_changes_is_in_the_file_after_a_kill(closed: NodeProcess) -> None:
    directory = Path(closed.directory)
    secret = (directory / "admin.secret").read_text().strip()
    body = {"name": "alice", "password": "correct horse"}
    made = httpx.post(f"{closed.url}/v3/clusters/-/users", json=body, auth=("admin", secret))
    assert made.status_code == 201, made.text
    schema = Schema('"string"', "AVRO")
    for _ in range(2):  # the second one has nothing cached, as a serializer that starts again
        registry_client(closed, "admin", secret).register_schema("s", schema)
    admin = registry_client(closed, "admin", secret)
    admin.set_compatibility("s", "NONE")
    with pytest.raises(SchemaRegistryError) as refused:
        registry_client(closed, "alice", "correct horse").register_schema("s", schema)
    admin.delete_version("s", 1)
    admin.delete_subject("s", permanent=True)
    assert closed.process is not None
    closed.process.send_signal(signal.SIGKILL)
    closed.process.wait()

    events = [json.loads(one)["data"] for one in (directory / "audit.log").read_text().splitlines()]
    of_subject = [one for one in events if one.get("resourceName") == "subject=s"]
    changes = [one for one in of_subject if one["category"] == "admin"]
    (denied,) = [one for one in of_subject if one["category"] == "denied"]
    assert denied["authenticationInfo"]["principal"] == "User:alice"
    assert (refused.value.http_status_code, refused.value.error_code) == (403, 40301)
    assert [(one["methodName"], one.get("items")) for one in changes[::2]] == [
        ("RegisterSchema", ["subject s"]),
        ("PutConfig", ["subject s", "compatibility_level"]),
        ("DeleteVersion", ["subject s", "version 1", "softly"]),
        ("DeleteSubject", ["subject s", "permanently"]),
    ]
    assert [one["result"]["status"] for one in changes[1::2]] == ["SUCCESS"] * 4
    assert [one.get("items") for one in changes[1::2]] == [
        *(["version 1", "id 1"], None, ["version 1"], ["version 1"])
    ]
    closed.start()
