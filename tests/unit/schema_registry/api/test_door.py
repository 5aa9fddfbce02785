"""The registry's door: how it refuses who did not log in and who may not, and who is told."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from schema_registry.api.door import RegistryDoor
from schema_registry.api.guard import Access
from tests.support.registry.door import running_registry

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
