"""The registry's door: how it refuses, and who is told of refusals and of changes."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from schema_registry.api.door import RegistryDoor
from schema_registry.api.guard import Access
from tests.support.registry.door import running_registry
from tests.support.registry.ledger import FakeLedger

SCHEMA = {"schema": '"string"'}


@dataclass
class FakeGuard:
    """Lets everybody do everything to some subjects, and nothing else."""

    subjects: Collection[str]
    denied: list[tuple[Access, str | None]] = field(default_factory=list)

    def may(self, _scope: Any, _access: Access, subject: str | None) -> bool:
        return subject in self.subjects

    def note_denied(self, _scope: Any, access: Access, subject: str | None) -> None:
        self.denied.append((access, subject))


class FakeWitness:
    """Keeps what it is told of."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.asked: list[tuple[Access, str | None]] = []

    def change(
        self, scope: Any, access: Access, subject: str | None, verb: str, items: Sequence[str]
    ) -> AbstractAsyncContextManager[list[str]]:
        assert scope["type"] == "http"
        self.asked.append((access, subject))
        return self.ledger(verb, items)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (b"", "application/vnd.schemaregistry.v1+json"),
        (b"application/json", "application/json"),
        (b"text/html", "application/vnd.schemaregistry.v1+json"),
    ],
)
def test_type_of_an_error_is_what_the_client_takes_or_the_first_of_ours(
    accept: bytes, kind: str
) -> None:
    assert RegistryDoor.type_of_errors({"headers": [(b"accept", accept)]}) == kind


@pytest.mark.parametrize(
    ("method", "path", "body", "denied"),
    [
        ("GET", "/subjects/other/versions/1", None, (Access.READ, "other")),
        ("POST", "/subjects/other/versions", SCHEMA, (Access.WRITE, "other")),
        ("POST", "/subjects/mine/versions", "reference", (Access.READ, "other")),
        ("PUT", "/config/mine", {"alias": "other"}, (Access.READ, "other")),
        ("DELETE", "/mode", None, (Access.ALTER_CONFIGS, None)),
        ("POST", "/associations:batchMutate", {"requests": [{}, {}]}, (Access.ALTER, None)),
    ],
)
async def test_a_refusal_is_noted_once(
    tmp_path: Path, method: str, path: str, body: Any, denied: tuple[Access, str | None]
) -> None:
    guard = FakeGuard(["mine"])
    if body == "reference":
        body = {**SCHEMA, "references": [{"name": "x", "subject": "other", "version": 1}]}

    async with running_registry(tmp_path, guard=guard) as registry:
        refused = await registry.refused(method, path, body)

    assert refused == (403, 40301)
    assert guard.denied == [denied]


async def test_what_a_list_leaves_out_is_no_refusal(tmp_path: Path) -> None:
    guard = FakeGuard(["mine", "other"])

    async with running_registry(tmp_path, guard=guard) as registry:
        await registry.register("mine", '"string"')
        other = await registry.register("other", '"int"')
        guard.subjects = ["mine"]
        assert await registry.ask("GET", "/subjects") == ["mine"]
        assert len(await registry.ask("GET", "/schemas")) == 1
        assert await registry.refused("GET", f"/schemas/ids/{other}") == (404, 40403)

    assert guard.denied == []


@pytest.mark.parametrize(
    ("method", "path", "body", "verb", "asked"),
    [
        ("POST", "/subjects/s/versions", SCHEMA, "RegisterSchema", (Access.WRITE, "s")),
        (
            *("POST", "/contexts/.c/subjects/s/versions", SCHEMA),
            *("RegisterSchema", (Access.WRITE, ":.c:s")),
        ),
        ("PUT", "/mode", {"mode": "READWRITE"}, "PutMode", (Access.ALTER_CONFIGS, None)),
        ("PUT", "/contexts/.c/config", {}, "PutConfig", (Access.ALTER_CONFIGS, None)),
        ("PUT", "/config/s", {"normalize": True}, "PutConfig", (Access.ALTER_CONFIGS, "s")),
    ],
)
async def test_the_witness_is_told_of_a_change_and_what_was_asked_for_it(
    tmp_path: Path,
    method: str,
    path: str,
    body: Any,
    verb: str,
    asked: tuple[Access, str | None],
) -> None:
    witness = FakeWitness()

    async with running_registry(tmp_path, witness=witness) as registry:
        await registry.ask(method, path, body)

    assert [name for name, _ in witness.ledger.begun] == [verb]
    assert witness.asked == [asked]


async def test_each_request_of_a_batch_is_told_by_itself(tmp_path: Path) -> None:
    witness = FakeWitness()
    requests = [
        {
            "resourceId": f"r{number}",
            "resourceName": "t",
            "resourceNamespace": "n",
            "associations": [{"opType": "CREATE", "subject": f"s{number}", "schema": schema}],
        }
        for number, schema in enumerate([SCHEMA, {"schema": "{"}, SCHEMA])
    ]

    async with running_registry(tmp_path, witness=witness) as registry:
        await registry.ask("POST", "/associations:batchMutate", {"requests": requests})

    assert [(verb, items[0]) for verb, items in witness.ledger.begun] == [
        ("RegisterSchema", "subject s0"),
        ("CreateAssociations", "resource r0"),
        ("RegisterSchema", "subject s2"),
        ("CreateAssociations", "resource r2"),
    ]
    assert set(witness.asked) == {(Access.ALTER, None)}


async def test_nothing_is_changed_that_the_witness_cannot_write_down(tmp_path: Path) -> None:
    witness = FakeWitness()
    witness.ledger.is_failing = True

    async with running_registry(tmp_path, witness=witness) as registry:
        refused = await registry.refused("POST", "/subjects/s/versions", SCHEMA)
        batch = {"requests": [{"resourceId": "r", "associations": [{"opType": "DELETE"}]}]}
        absent = await registry.ask("POST", "/associations:batchMutate", batch)
        subjects = await registry.ask("GET", "/subjects")

    assert refused == (503, 50003)
    assert absent["results"][0]["error"]["error_code"] == 40410
    assert subjects == []


async def test_a_batch_ends_where_the_witness_cannot_write(tmp_path: Path) -> None:
    witness = FakeWitness()
    resource = {"resourceId": "r", "resourceName": "t", "resourceNamespace": "n"}
    wanted = {**resource, "associations": [{"opType": "CREATE", "subject": "s", "schema": SCHEMA}]}
    witness.ledger.is_failing = True

    async with running_registry(tmp_path, witness=witness) as registry:
        path, body = "/associations:batchMutate", {"requests": [wanted, wanted]}

        assert await registry.refused("POST", path, body) == (503, 50003)
