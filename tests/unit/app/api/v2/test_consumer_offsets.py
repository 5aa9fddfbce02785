"""Commits: what they name, what is stored, how they are answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.api.v2.dialects import DIALECTS
from tests.support.application import RunningApplication, running_application
from tests.support.rest_v2.instance import InstanceV2, partitions, produce_v2

T0, T1 = ("t", 0), ("t", 1)


@asynccontextmanager
async def reading(directory: Path, dialect: str) -> AsyncIterator[InstanceV2]:
    """Run an instance that reads a partition of three records and commits nothing by itself."""
    async with running_application(directory, rest_compat=dialect) as one:
        await one.create_topic("t", 2)
        await produce_v2(one, "t", 1, 2, 3)
        yield await made(one)


async def made(running: RunningApplication) -> InstanceV2:
    instance = InstanceV2(running)
    await instance.create(format="json", auto_commit_enable="false")
    await instance.ask("POST", "/assignments", partitions(T0))
    return instance


async def committed(instance: InstanceV2, *places: tuple[str, int]) -> list[tuple[int, int]]:
    answer = await instance.ask("GET", "/offsets", partitions(*places))
    assert answer.status_code == 200, answer.text
    return [(one["partition"], one["offset"]) for one in answer.json()["offsets"]]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("key", ["offsets", "partitions"])
async def test_commit_stores_and_answers_as_the_dialect_does(
    tmp_path: Path, name: str, key: str
) -> None:
    dialect = DIALECTS[name]
    async with reading(tmp_path / "data", name) as instance:
        body = {key: [{"topic": "t", "partition": 0, "offset": 1, "metadata": "m"}]}

        answer = await instance.ask("POST", "/offsets", body)

        assert answer.status_code == dialect.commit_status
        assert answer.content == (b"[]" if dialect.commit_status == 200 else b"")
        shown = (await instance.ask("GET", "/offsets", partitions(T0))).json()["offsets"]
        stored = 2 if dialect.commits_next else 1
        assert shown == [{"topic": "t", "partition": 0, "offset": stored, "metadata": "m"}]


@pytest.mark.parametrize("name", DIALECTS)
async def test_what_was_never_committed_is_shown_as_the_dialect_does(
    tmp_path: Path, name: str
) -> None:
    uncommitted = DIALECTS[name].uncommitted_offset
    async with reading(tmp_path / "data", name) as instance:
        found = await committed(instance, T0, T1)

    assert found == ([] if uncommitted is None else [(0, uncommitted), (1, uncommitted)])


async def test_commit_without_a_body_is_of_all_that_was_given_out(tmp_path: Path) -> None:
    async with reading(tmp_path / "data", "cauce") as instance:
        nothing = await instance.ask("POST", "/offsets")
        before = await committed(instance, T0)
        assert await instance.values() == [1, 2, 3]

        answer = await instance.ask("POST", "/offsets?async=true")

        assert (nothing.status_code, answer.status_code) == (204, 204)
        assert (before, await committed(instance, T0)) == ([], [(0, 3)])


async def test_next_instance_goes_on_behind_what_was_committed(tmp_path: Path) -> None:
    async with running_application(tmp_path / "data") as one:
        await one.create_topic("t")
        await produce_v2(one, "t", 1, 2, 3)
        instance = await made(one)
        body = {"offsets": [{"topic": "t", "partition": 0, "offset": 0}]}
        await instance.ask("POST", "/offsets", body)
        await instance.ask("DELETE")

        again = await made(one)

        assert await again.values() == [2, 3]


@pytest.mark.parametrize(
    ("method", "body", "status", "code"),
    [
        ("GET", None, 404, 40402),
        ("GET", {"partitions": [{"topic": "t"}]}, 422, 422),
        ("GET", "[", 422, 422),
        ("POST", {"offsets": [{"topic": "none", "partition": 0, "offset": 0}]}, 404, 40403),
        ("POST", {"offsets": [{"topic": "t", "partition": 9, "offset": 0}]}, 404, 40403),
        ("POST", {"offsets": [{"topic": "t", "partition": 0, "offset": -1}]}, 422, 422),
    ],
)
async def test_refusals(tmp_path: Path, method: str, body: Any, status: int, code: int) -> None:
    async with reading(tmp_path / "data", "cauce") as instance:
        answer = await instance.ask(method, "/offsets", body)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
