import json
import os
import pty
from io import BytesIO, StringIO

import pytest

from cauce.cli.console import Console
from cauce.cli.main import run
from tests.support.fake_rest_server import FakeRestServer, refusal
from tests.support.run_cli import run_cli


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def answer_on_terminal(server: FakeRestServer, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run a command whose standard input is a terminal where a person types an answer."""
    person, terminal = pty.openpty()
    os.write(person, answer)
    stderr = StringIO()
    console = Console(stdin=terminal, stdout=BytesIO(), stderr=stderr, transport=server.transport)
    status = run(arguments, console)
    os.close(person)
    os.close(terminal)
    return status, stderr.getvalue()


def test_create_makes_a_topic_with_configs(server: FakeRestServer) -> None:
    outcome = run_cli(
        server, "topic", "create", "orders", "-p", "6", "-c", "flush.ms=5", "--config", "a=b=c"
    )

    assert outcome.status == 0
    assert len(server.topics["orders"].partitions) == 6
    assert server.topics["orders"].configs == {"flush.ms": "5", "a": "b=c"}
    assert outcome.stderr == "Created topic orders with 6 partitions.\n"
    assert outcome.stdout == b""


def test_create_is_refused_when_the_topic_exists(server: FakeRestServer) -> None:
    server.add("orders")

    outcome = run_cli(server, "topic", "create", "orders")

    assert outcome.status == 1
    assert outcome.stderr == "cauce: Topic 'orders' already exists. (error 40002)\n"


def test_create_leaves_the_topic_when_asked_to(server: FakeRestServer) -> None:
    server.add("orders", 2)

    outcome = run_cli(server, "topic", "create", "orders", "-p", "6", "--if-not-exists")

    assert outcome.status == 0
    assert len(server.topics["orders"].partitions) == 2


def test_create_if_not_exists_still_tells_of_other_refusals(server: FakeRestServer) -> None:
    server.before = [lambda _: refusal(400, 40002, "Unknown topic config name: nonsense")]

    outcome = run_cli(server, "topic", "create", "orders", "-c", "nonsense=1", "--if-not-exists")

    assert outcome.status == 1
    assert "nonsense" in outcome.stderr


def test_list_prints_names_where_no_person_reads(server: FakeRestServer) -> None:
    server.add("b")
    server.add("a")
    server.add("__internal").is_internal = True

    assert run_cli(server, "topic", "list").stdout == b"a\nb\n"
    assert run_cli(server, "topic", "list", "--internal").stdout == b"__internal\na\nb\n"


def test_list_prints_tables_and_json(server: FakeRestServer) -> None:
    server.add("orders", 12)

    table = run_cli(server, "topic", "list", "-o", "table").stdout
    lines = run_cli(server, "topic", "list", "-o", "json").stdout

    assert table == b"TOPIC   PARTITIONS  REPLICATION\norders          12            1\n"
    assert json.loads(lines) == {
        "topic_name": "orders",
        "partitions_count": 12,
        "replication_factor": 1,
        "is_internal": False,
    }


def test_describe_shows_partitions_offsets_and_what_is_not_default(
    server: FakeRestServer,
) -> None:
    server.add("orders", 2).configs = {"flush.ms": "5"}
    server.append("orders", b"x", partition=1)

    shown = run_cli(server, "topic", "describe", "orders").stdout.decode()

    assert "flush.ms=5" in shown
    assert "segment.bytes" not in shown
    assert shown.splitlines()[-1].split() == ["1", "1", "1", "1", "0", "1"]


def test_describe_gives_everything_as_json(server: FakeRestServer) -> None:
    server.add("orders")

    described = json.loads(run_cli(server, "topic", "describe", "orders", "-o", "json").stdout)

    assert described["partitions"] == [
        {
            "partition_id": 0,
            "leader": 1,
            "replicas": [1],
            "in_sync_replicas": [1],
            "earliest_offset": 0,
            "latest_offset": 0,
        }
    ]
    assert described["configs"][0]["name"] == "segment.bytes"


def test_describe_says_how_to_make_a_topic_that_is_not_there(server: FakeRestServer) -> None:
    outcome = run_cli(server, "topic", "describe", "absent")

    assert outcome.status == 1
    assert "cauce topic create absent" in outcome.stderr


def test_alter_changes_configs_and_partitions(server: FakeRestServer) -> None:
    server.add("orders").configs = {"old": "1"}

    outcome = run_cli(
        server, "topic", "alter", "orders", "-c", "new=2", "--delete-config", "old", "-p", "3"
    )

    assert outcome.status == 0
    assert server.topics["orders"].configs == {"new": "2"}
    assert len(server.topics["orders"].partitions) == 3


@pytest.mark.parametrize(
    "arguments", [(), ("-c", "a=1", "--delete-config", "a"), ("-c", "a"), ("-p", "0")]
)
def test_alter_is_a_usage_error_when_it_makes_no_sense(
    server: FakeRestServer, arguments: tuple[str, ...]
) -> None:
    assert run_cli(server, "topic", "alter", "orders", *arguments).status == 2
    assert server.requests == []


def test_delete_goes_on_after_one_that_fails(server: FakeRestServer) -> None:
    server.add("a")
    server.add("b")

    outcome = run_cli(server, "topic", "delete", "a", "absent", "b", "--yes")

    assert outcome.status == 1
    assert server.topics == {}
    assert "topic absent was not deleted" in outcome.stderr


def test_delete_without_a_terminal_wants_yes(server: FakeRestServer) -> None:
    server.add("a")

    assert run_cli(server, "topic", "delete", "a").status == 2
    assert "a" in server.topics


def test_delete_asks_on_a_terminal(server: FakeRestServer) -> None:
    server.add("a")

    refused = answer_on_terminal(server, b"n\n", "topic", "delete", "a")
    assert "a" in server.topics
    agreed = answer_on_terminal(server, b"y\n", "topic", "delete", "a")

    assert refused[0] == 1
    assert "Delete a with all records? [y/N]" in refused[1]
    assert agreed[0] == 0
    assert server.topics == {}


def test_quiet_says_nothing_when_all_is_well(server: FakeRestServer) -> None:
    for arguments in (("create", "a"), ("alter", "a", "-p", "2"), ("delete", "a", "--yes")):
        assert run_cli(server, "topic", *arguments, "--quiet").stderr == ""
