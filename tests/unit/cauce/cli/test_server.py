from io import BytesIO, StringIO

import pytest
import typer

from cauce.cli.console import Console
from cauce.cli.server import HOW_TO_BE_ALLOWED, UnknownTopic, check_topic, delete_each
from cauce.client.errors import Refused
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer, refusal


def test_check_topic_says_how_to_create_one_that_is_not_there() -> None:
    server = FakeRestServer()

    with pytest.raises(UnknownTopic, match="cauce topic create t"):
        check_topic(HttpClient(transport=server.transport), "t")


def test_check_topic_leaves_other_refusals_to_the_command() -> None:
    server = FakeRestServer()
    server.before = [lambda _: refusal(403, 40301, "not allowed")]

    check_topic(HttpClient(transport=server.transport), "t")


def test_delete_each_stops_where_nobody_is_logged_in() -> None:
    console = Console(stdin=0, stdout=BytesIO(), stderr=StringIO())
    asked: list[str] = []

    def delete(name: str) -> None:
        asked.append(name)
        raise Refused(401, 40101, "who are you?")

    with pytest.raises(Refused):
        delete_each(console, "topic", ["a", "b"], delete, quiet=False)

    assert asked == ["a"]


def test_delete_each_goes_on_after_what_is_forbidden_and_says_once_what_to_do() -> None:
    stderr = StringIO()

    def delete(name: str) -> None:
        raise Refused(403, 40301, f"not {name}")

    with pytest.raises(typer.Exit):
        delete_each(
            Console(stdin=0, stdout=BytesIO(), stderr=stderr),
            *("topic", ["a", "b"], delete),
            quiet=False,
        )

    said = stderr.getvalue().splitlines()
    assert [line.split(": ")[1] for line in said[:2]] == [
        "topic a was not deleted",
        "topic b was not deleted",
    ]
    assert said[2:] == [HOW_TO_BE_ALLOWED]


def test_check_topic_ends_where_nobody_is_logged_in() -> None:
    server = FakeRestServer()
    server.before = [lambda _: refusal(401, 40101, "who are you?")]

    with pytest.raises(Refused, match="who are you"):
        check_topic(HttpClient(transport=server.transport), "t")
