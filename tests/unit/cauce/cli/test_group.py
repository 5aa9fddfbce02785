import json

import httpx
import pytest

from tests.support.fake_rest_server import FakeRestServer, refusal
from tests.support.run_cli import Outcome, run_cli

GROUP = {
    "consumer_group_id": "g",
    "state": "STABLE",
    "is_simple": False,
    "partition_assignor": "range",
    "type": "CLASSIC",
}
ALTERED = {"topic_name": "t", "partition_id": 0, "current_offset": 4, "new_offset": 0}


def listed(*data: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, json={"data": list(data)})


def run(server: FakeRestServer, *arguments: str, answers: list[httpx.Response]) -> Outcome:
    server.before = [lambda _request, one=one: one for one in answers]
    return run_cli(server, "group", *arguments)


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def test_groups_are_listed_as_a_table_or_as_lines(server: FakeRestServer) -> None:
    as_table = run(server, "list", answers=[listed(GROUP)])
    as_json = run(server, "list", "--json", answers=[listed(GROUP)])

    assert [line.split() for line in as_table.stdout.decode().splitlines()] == [
        ["GROUP", "STATE", "TYPE", "ASSIGNOR"],
        ["g", "STABLE", "CLASSIC", "range"],
    ]
    assert json.loads(as_json.stdout)["consumer_group_id"] == "g"


def test_describe_shows_who_reads_what(server: FakeRestServer) -> None:
    member: dict[str, object] = {"consumer_id": "m", "client_id": "c", "instance_id": "i"}
    reads: list[dict[str, object]] = [
        {"topic_name": "t", "partition_id": 0},
        {"topic_name": "t", "partition_id": 1},
    ]
    answers = [httpx.Response(200, json=GROUP), listed(member), listed(*reads)]

    outcome = run(server, "describe", "g", answers=answers)

    assert b"State:    STABLE\n" in outcome.stdout
    assert outcome.stdout.splitlines()[-1].split() == [b"m", b"c", b"i", b"t-0", b"t-1"]


def test_lag_is_shown_by_partition(server: FakeRestServer) -> None:
    row: dict[str, object] = {
        "topic_name": "t",
        "partition_id": 1,
        "current_offset": 2,
        "log_end_offset": 5,
        "lag": 3,
        "consumer_id": "",
    }

    outcome = run(server, "lag", "g", answers=[listed(row)])

    assert outcome.stdout.splitlines()[-1].split() == [b"t", b"1", b"2", b"5", b"3", b"-"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--to", "earliest", "--dry-run"], {"target": "earliest", "validate_only": True}),
        (["--to", "7"], {"target": "exact", "value": 7, "validate_only": False}),
        (["--shift=-2"], {"target": "shift", "value": -2, "validate_only": False}),
        (["--timestamp", "9"], {"target": "timestamp", "value": 9, "validate_only": False}),
        (
            ["--to", "latest", "--topic", "a:b:3"],
            {
                "target": "latest",
                "validate_only": False,
                "partitions": [{"topic_name": "a:b", "partition_id": 3}],
            },
        ),
    ],
)
def test_seek_asks_for_what_was_said(
    server: FakeRestServer, arguments: list[str], wanted: dict[str, object]
) -> None:
    outcome = run(server, "seek", "g", *arguments, answers=[listed(ALTERED)])

    assert (outcome.status, json.loads(server.requests[0].content)) == (0, wanted)
    word = b"planned" if "--dry-run" in arguments else b"done"
    assert outcome.stdout.splitlines()[-1].split() == [b"t", b"0", b"4", b"0", word]


def test_seek_that_fails_for_a_partition_says_so(server: FakeRestServer) -> None:
    outcome = run(server, "seek", "g", "--to", "0", answers=[listed(ALTERED | {"error_code": 25})])

    assert outcome.status == 1
    assert b"error 25" in outcome.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--to", "there"],
        ["--to", "-1"],
        ["--to", "1", "--shift", "1"],
        ["--to", "1", "--topic", "t"],
        ["--to", str(2**63)],
    ],
)
def test_seek_without_one_place_is_wrong_usage(
    server: FakeRestServer, arguments: list[str]
) -> None:
    outcome = run(server, "seek", "g", *arguments, answers=[])

    assert (outcome.status, server.requests) == (2, [])


def test_delete_deletes_each_and_says_which_were_refused(server: FakeRestServer) -> None:
    answers = [httpx.Response(204), refusal(409, 40901, "it has members.")]

    outcome = run(server, "delete", "a", "b", "--yes", answers=answers)

    assert outcome.status == 1
    assert outcome.stderr == (
        "Deleted group a.\ncauce: group b was not deleted: it has members. (error 40901)\n"
    )
    assert [one.method for one in server.requests] == ["DELETE", "DELETE"]


def test_delete_shows_what_it_would_do_and_does_nothing(server: FakeRestServer) -> None:
    empty = httpx.Response(200, json=GROUP | {"state": "EMPTY"})
    answers = [empty, httpx.Response(200, json=GROUP)]

    outcome = run(server, "delete", "g", "g", "--dry-run", answers=answers)

    assert outcome.stderr == (
        "Group g would be deleted.\nGroup g would stay: it is STABLE, not EMPTY.\n"
    )
    assert [one.method for one in server.requests] == ["GET", "GET"]


def test_delete_without_a_terminal_needs_yes(server: FakeRestServer) -> None:
    outcome = run(server, "delete", "g", answers=[])

    assert (outcome.status, server.requests) == (2, [])
