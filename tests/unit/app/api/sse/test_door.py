"""The door of streams: what is refused with a status, what is told in the stream, how it ends."""

import json
from typing import Any

import pytest

from app.api.sse import door as module
from app.broker.errors import CoordinatorLoadInProgress
from tests.support.application import TOPICS, RunningApplication
from tests.support.sse.events import listening

STREAM = f"{TOPICS}/t/records:stream"


@pytest.mark.parametrize(
    ("path", "query", "headers", "status", "code"),
    [
        (f"{TOPICS}/none/records:stream", "", {}, 404, 40403),
        (STREAM, "partition=1", {}, 404, 40403),
        (STREAM, "offset=1", {}, 416, 41601),
        (STREAM, "filter=value.", {}, 400, 400),
        (STREAM, "limit=1", {}, 400, 400),
        (STREAM, "", {"last_event_id": "AAAA"}, 400, 400),
        (STREAM, "last_event_id=AAAA", {}, 400, 400),
        (STREAM, "", {"accept": "application/json"}, 406, 406),
        (STREAM, "group=", {}, 422, 42204),
        ("/v3/clusters/-/records:stream", "topic=t&topic=none", {}, 404, 40403),
        ("/v3/clusters/-/records:stream", "group=g&pattern=[", {}, 422, 42204),
    ],
)
async def test_what_a_client_should_change_is_refused(
    running: RunningApplication,
    path: str,
    query: str,
    headers: dict[str, str],
    status: int,
    code: int,
) -> None:
    async with listening(running.front, path, query, **headers) as found:
        await found.until_ended()

    assert found.status == status, found.body
    assert json.loads(found.body)["error_code"] == code


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "text/html, text/*;q=0.5"])
async def test_accept_of_browsers_and_curl_is_taken(
    running: RunningApplication, accept: str
) -> None:
    async with listening(running.front, STREAM, "until=end", accept=accept) as found:
        await found.until_ended()

    assert found.status == 200


async def test_id_of_another_group_is_refused(running: RunningApplication) -> None:
    async with listening(running.front, STREAM, "group=g") as found:
        await found.until(lambda: found.last_id)
    async with listening(running.front, STREAM, "group=h", last_event_id=found.last_id) as other:
        await other.until_ended()

    assert other.status == 400
    assert "another group" in json.loads(other.body)["message"]


async def test_what_passes_by_itself_is_told_and_the_client_comes_back(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def loading(*_: Any) -> None:
        raise CoordinatorLoadInProgress("not yet")

    monkeypatch.setattr(module.Opener, "open", loading)
    async with listening(running.front, STREAM) as found:
        await found.until_ended()

    assert (found.status, found.retry_ms) == (200, 1_000)
    assert found.named("error") == [{"error_code": 50302, "message": "not yet", "retriable": True}]


async def test_streams_end_when_the_node_stops_and_clients_come_back(
    running: RunningApplication,
) -> None:
    streams = running.front.application.state.streams
    async with (
        listening(running.front, STREAM) as one,
        listening(running.front, STREAM, "group=g") as member,
    ):
        await one.until(lambda: one.last_id)
        await member.until(lambda: member.named("assigned"))
        streams.stop()
        await one.until_ended()
        await member.until_ended()
    async with listening(running.front, STREAM) as later:
        await later.until_ended()

    for found in (one, member, later):
        assert (found.status, found.retry_ms, found.comments) == (200, 1_000, ["come back"])
        assert found.last_id


async def test_number_of_streams_is_bounded_and_places_are_given_back(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STREAMS_MAX", 1)
    async with listening(running.front, STREAM) as first:
        await first.until(lambda: first.last_id)
        async with listening(running.front, STREAM) as second:
            await second.until_ended()
    async with listening(running.front, STREAM, "until=end") as third:
        await third.until_ended()

    assert (first.status, second.status, third.status) == (200, 503, 200)


async def test_session_of_a_reader_ends_with_its_connection(running: RunningApplication) -> None:
    sessions = running.front.application.state.sessions
    before = len(sessions)
    async with listening(running.front, STREAM) as found:
        await found.until(lambda: found.last_id)
        assert len(sessions) == before + 1

    assert len(sessions) == before


async def test_error_of_a_stream_that_runs_is_told(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(running.front, STREAM) as found:
        await found.until(lambda: found.last_id)
        (stream,) = running.front.application.state.streams._streams.values()
        await running.front.application.state.sessions.close(stream.session)
        await found.until_ended()

    assert found.named("error")[0]["retriable"] is False
