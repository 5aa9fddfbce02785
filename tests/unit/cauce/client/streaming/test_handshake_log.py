"""What websockets logs of a handshake, at its most talkative."""

import logging

import pytest

from cauce.client.streaming.codec import BINARY
from cauce.client.streaming.handshake_log import hiding_logger
from cauce.client.streaming.link import Link
from tests.support.client.fake_sockets import FakeSockets, until_gone


async def test_a_handshake_is_logged_without_its_login(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async with FakeSockets(until_gone) as server:
        link = await Link.open(server.url, BINARY, "Bearer hidden-secret")
        await link.close()

    ours = [one.getMessage() for one in caplog.records if one.name == hiding_logger().name]
    assert any(line.startswith("> Authorization") for line in ours)
    assert not any("hidden-secret" in line for line in ours)


def test_there_is_one_filter_however_often_it_is_asked_for() -> None:
    assert len(hiding_logger().filters) == len(hiding_logger().filters) == 1
