import json
from pathlib import Path

import httpx
import pytest

from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli

VERSION = {"subject": "s", "version": 2, "id": 7, "schema": '{"type": "int"}'}
OLDER = {**VERSION, "version": 1, "schema": '{"type": "long"}'}


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "order.avsc"
    path.write_text('"int"')
    return path


def run(server: FakeRestServer, *arguments: object, answers: list[object]) -> Outcome:
    made = [httpx.Response(200, json=one) for one in answers]
    server.before = [lambda _request, one=one: one for one in made]
    return run_cli(server, "schema", *map(str, arguments))


def test_subjects_are_listed_with_their_latest_versions(server: FakeRestServer) -> None:
    as_table = run(server, "list", answers=[["s"], [1, 2], VERSION])
    as_json = run(server, "list", "--json", answers=[["s"], [1, 2], VERSION])

    assert as_table.stdout.splitlines()[1].split() == [b"s", b"AVRO", b"2", b"7"]
    assert json.loads(as_json.stdout) == {"subject": "s", "type": "AVRO", "version": 2, "id": 7}


def test_a_text_is_printed_by_subject_or_id(server: FakeRestServer) -> None:
    by_subject = run(server, "get", "s", "--version", 2, answers=[VERSION])
    by_id = run(server, "get", "--id", 7, answers=[{"type": "int"}])
    neither = run(server, "get", answers=[])

    assert json.loads(by_subject.stdout) == json.loads(by_id.stdout) == {"type": "int"}
    assert neither.status == 2


def test_a_file_is_registered_or_what_would_come_of_it_is_shown(
    server: FakeRestServer, file: Path
) -> None:
    plan = {"version": 3, "isNew": True, "is_compatible": False, "diff": ["-a", "+b"]}

    done = run(server, "register", "s", file, "--reference", "A=a:1", answers=[VERSION])
    planned = run(server, "register", "s", file, "--dry-run", answers=[plan])

    assert done.stderr == f"{file} is version 2 of s, id 7.\n"
    assert json.loads(server.requests[0].content)["references"][0]["name"] == "A"
    assert (planned.status, planned.stdout) == (1, b"-a\n+b\n")
    assert f"{file} would become version 3 of s." in planned.stderr


@pytest.mark.parametrize("fits", [True, False])
def test_a_check_says_why_not_and_its_status_is_the_verdict(
    server: FakeRestServer, file: Path, fits: bool
) -> None:
    outcome = run(
        server, "check", "s", file, answers=[{"is_compatible": fits, "messages": ["why"]}]
    )

    assert (outcome.status, outcome.stdout) == (0 if fits else 1, b"why\n")
    assert outcome.stderr == ("compatible\n" if fits else "not compatible\n")


def test_two_versions_are_compared_line_by_line(server: FakeRestServer) -> None:
    outcome = run(server, "diff", "s", "1", "2", answers=[OLDER, VERSION])

    assert b'-  "type": "long"\n+  "type": "int"\n' in outcome.stdout


def test_nothing_is_deleted_without_a_yes(server: FakeRestServer) -> None:
    asked = run(server, "delete", "s", answers=[])
    done = run(server, "delete", "s", "--version", 2, "--yes", answers=[2])

    assert asked.status == 2
    assert done.stderr == "Deleted of s: 2.\n"


def test_levels_and_modes_are_shown_and_set(server: FakeRestServer) -> None:
    shown = run(server, "compat", answers=[{"compatibilityLevel": "BACKWARD"}])
    level = run(server, "compat", "full", "-s", "s", answers=[{}, {"compatibilityLevel": "FULL"}])
    mode = run(server, "mode", "READONLY", answers=[{}, {"mode": "READONLY"}])

    assert (shown.stdout, level.stdout, mode.stdout) == (b"BACKWARD\n", b"FULL\n", b"READONLY\n")
    assert json.loads(server.requests[1].content) == {"compatibility": "FULL"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("compat", "SIDEWARD"),
        ("compat", "FULL", "--unset"),
        ("mode", "--unset"),
        ("register", "s", "FILE", "--reference", "a"),
        ("register", "s", "FILE", "--type", "XML"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_asked(
    server: FakeRestServer, file: Path, arguments: tuple[str, ...]
) -> None:
    given = [str(file) if one == "FILE" else one for one in arguments]

    outcome = run(server, *given, answers=[])

    assert outcome.status == 2
    assert server.requests == []


def test_a_sample_is_printed_of_a_file_without_asking_a_server(
    server: FakeRestServer, tmp_path: Path
) -> None:
    path = tmp_path / "order.proto"
    path.write_text('syntax = "proto3"; message Order { int64 order_id = 1; }')

    found = run(server, "sample", "--file", path, answers=[])

    assert json.loads(found.stdout) == {"orderId": 1}
    assert server.requests == []


def test_a_sample_is_printed_of_a_subject_or_id_with_its_references(
    server: FakeRestServer,
) -> None:
    box = '{"type":"record","name":"Box","fields":[{"name":"user","type":"User"}]}'
    user = '{"type":"record","name":"User","fields":[{"name":"a","type":"int"}]}'
    references = [{"name": "User", "subject": "user", "version": 1}]
    outer = {**VERSION, "schema": box, "references": references}
    inner = {**VERSION, "subject": "user", "schema": user}

    by_subject = run(server, "sample", "s", answers=[outer, inner])
    by_id = run(server, "sample", "--id", 7, answers=[outer, inner])

    assert json.loads(by_subject.stdout) == json.loads(by_id.stdout) == {"user": {"a": 1}}


def test_a_sample_is_of_one_schema_that_has_one(server: FakeRestServer, tmp_path: Path) -> None:
    path = tmp_path / "never.json"
    path.write_text("false")

    assert run(server, "sample", answers=[]).status == 2
    assert run(server, "sample", "s", "--id", 1, answers=[]).status == 2
    assert run(server, "sample", "--file", path, answers=[]).status == 2
