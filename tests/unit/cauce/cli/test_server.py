import pytest

from cauce.cli.server import UnknownTopic, check_topic
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
