"""``cauce acl``: what it asks for, and what it shows."""

import json
import os
import pty
from io import BytesIO, StringIO

import httpx
import pytest

from app.security.acls import Operation, ResourceType
from cauce.cli import exit_codes, main
from cauce.cli.console import Console
from cauce.cli.security.acl import KINDS, OPERATIONS
from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import Outcome, run_cli

ONE = {
    "resource_type": "TOPIC",
    "resource_name": "orders-",
    "pattern_type": "PREFIXED",
    "principal": "User:alice",
    "host": "*",
    "operation": "READ",
    "permission": "ALLOW",
}
LISTED = {"data": [ONE]}
WORDED = "allow User:alice from * to read topic orders-..."


@pytest.fixture
def server() -> FakeRestServer:
    return FakeRestServer()


def run(server: FakeRestServer, *arguments: str, answers: list[httpx.Response]) -> Outcome:
    server.before = [lambda _request, one=one: one for one in answers]
    return run_cli(server, "acl", *arguments)


def test_acls_are_listed_as_a_table_or_as_lines(server: FakeRestServer) -> None:
    answers = [httpx.Response(200, json=LISTED)]

    as_table = run(server, "list", answers=answers)
    arguments = ("--resource", "topic:orders-1", "--pattern", "match", "--operation", "read")
    as_json = run(server, "list", "--json", *arguments, answers=answers)

    assert as_table.stdout.decode().splitlines()[1].split() == list(ONE.values())
    assert json.loads(as_json.stdout) == ONE
    assert dict(server.requests[1].url.params) == {
        "pattern_type": "MATCH",
        "resource_type": "TOPIC",
        "resource_name": "orders-1",
        "operation": "READ",
    }


def test_create_makes_one_of_each_operation(server: FakeRestServer) -> None:
    outcome = run(
        server,
        *("create", "--principal", "User:alice", "--resource", "cluster", "--deny"),
        *("--operation", "alter", "--operation", "describe-configs", "--host", "10.0.0.0/8"),
        answers=[httpx.Response(201)],
    )

    sent = json.loads(server.requests[0].content)["data"]
    assert [one["operation"] for one in sent] == ["ALTER", "DESCRIBE_CONFIGS"]
    assert sent[0] == {
        "resource_type": "CLUSTER",
        "resource_name": "kafka-cluster",
        "pattern_type": "LITERAL",
        "principal": "User:alice",
        "host": "10.0.0.0/8",
        "operation": "ALTER",
        "permission": "DENY",
    }
    assert outcome.status == exit_codes.OK
    assert "deny User:alice from 10.0.0.0/8 to alter cluster kafka-cluster" in outcome.stderr


def test_delete_shows_first_and_deletes_when_told(server: FakeRestServer) -> None:
    listed = httpx.Response(200, json=LISTED)
    which = ("--principal", "User:alice")

    planned = run(server, "delete", *which, "--dry-run", answers=[listed])
    unasked = run(server, "delete", *which, answers=[listed])
    deleted = run(server, "delete", *which, "--yes", answers=[listed, listed])
    nothing = run(
        server, "delete", *which, "--yes", answers=[httpx.Response(200, json={"data": []})]
    )
    none = run(
        server, "delete", *which, "--dry-run", answers=[httpx.Response(200, json={"data": []})]
    )

    assert none.stderr == "There is no such ACL.\n"
    assert planned.stderr == f"Would be deleted: {WORDED}\n"
    assert unasked.status == exit_codes.USAGE
    assert deleted.stderr == f"Deleted: {WORDED}\n"
    assert nothing.stderr == "There is no such ACL.\n"
    assert [one.method for one in server.requests] == ["GET", "GET", "GET", "DELETE", "GET", "GET"]


def test_delete_shows_what_it_asks_about_on_a_terminal(server: FakeRestServer) -> None:
    person, terminal = pty.openpty()
    os.write(person, b"n\n")
    stderr = StringIO()
    server.before = [lambda _: httpx.Response(200, json=LISTED)]
    console = Console(stdin=terminal, stdout=BytesIO(), stderr=stderr, transport=server.transport)

    status = main.run(["acl", "delete", "--principal", "User:alice"], console)

    os.close(person)
    os.close(terminal)
    assert status == exit_codes.REFUSED
    assert stderr.getvalue().startswith(f"{WORDED}\nDelete 1 ACLs?")
    assert [one.method for one in server.requests] == ["GET"]


def test_delete_does_not_delete_everything_by_saying_nothing(server: FakeRestServer) -> None:
    outcome = run(server, "delete", "--yes", answers=[])

    assert outcome.status == exit_codes.USAGE
    assert server.requests == []


@pytest.mark.parametrize(("allowed", "status"), [(True, exit_codes.OK), (False, 1)])
def test_explain_says_what_decides(server: FakeRestServer, allowed: bool, status: int) -> None:
    said = {"is_allowed": allowed, "ground": "ACL", "message": "so", "acl": ONE}
    question = ("--principal", "User:alice", "--resource", "topic:orders-1", "--operation", "read")

    answers = [httpx.Response(200, json=said)]
    outcome = run(server, "explain", *question, answers=answers)
    as_json = run(server, "explain", *question, "--json", answers=answers)

    verdict = "allowed" if allowed else "denied"
    assert outcome.stdout.decode() == f"{verdict}: so\n  {WORDED}\n"
    assert (outcome.status, as_json.status) == (status, status)
    assert json.loads(as_json.stdout) == said


@pytest.mark.parametrize("resource", ["orders", "topic:", ":orders"])
def test_a_resource_is_a_kind_and_a_name(server: FakeRestServer, resource: str) -> None:
    outcome = run(server, "list", "--resource", resource, answers=[])

    assert outcome.status == exit_codes.USAGE


def test_words_are_the_servers() -> None:
    assert set(KINDS) == {one.value for one in ResourceType}
    assert set(OPERATIONS) == {one.value for one in Operation}


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--resource", "topics:orders", "none of topic, group, subject"),
        ("--resource", "cluster:mine", "it is written cluster"),
        ("--operation", "reed", "none of read, write"),
        ("--principal", "alice", "such as User:alice"),
        ("--principal", "User:", "such as User:alice"),
    ],
)
@pytest.mark.parametrize("verb", ["create", "list", "delete", "explain"])
def test_what_no_rule_can_say_is_refused_here(
    server: FakeRestServer,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    option: str,
    value: str,
    told: str,
) -> None:
    good = {"--principal": "User:a", "--resource": "topic:t", "--operation": "read"}
    arguments = [text for pair in (good | {option: value}).items() for text in pair]

    outcome = run(server, verb, *arguments, answers=[])

    shown = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert outcome.status == exit_codes.USAGE
    assert told in shown
    assert server.requests == []
