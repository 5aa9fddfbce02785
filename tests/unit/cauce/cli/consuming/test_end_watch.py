import httpx
import pytest

from cauce.cli.consuming.end_watch import QUIET_POLLS_MAX, QUIET_POLLS_UNASSIGNED_MAX, EndWatch
from cauce.client.errors import Refused
from cauce.client.http import HttpClient
from cauce.client.streaming.codec import Slice
from cauce.client.streaming.records import TopicPartition
from tests.support.fake_rest_server import FakeRestServer, refusal

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t", 2)
    server.append("t", b"a", b"b")
    return server


def watch(server: FakeRestServer, committed: dict[int, int] | None = None) -> EndWatch:
    """Return a watch over a group that has committed."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "consumer-groups" not in request.url.path:
            return server.handle(request)
        if committed is None:
            return refusal(404, 40405, "no such group")
        data = [
            {
                "topic_name": "t",
                "partition_id": number,
                "current_offset": offset,
                "log_end_offset": 2,
                "lag": 0,
            }
            for number, offset in committed.items()
        ]
        return httpx.Response(200, json={"data": data})

    http = HttpClient(transport=httpx.MockTransport(answer))
    return EndWatch(http, "g", from_start=True)


def read(place: TopicPartition, next_offset: int) -> Slice:
    return Slice(
        topic=place.topic,
        partition=place.partition,
        epoch=1,
        count=0,
        next_offset=next_offset,
        high_watermark=9,
    )


def test_it_is_over_when_all_that_was_there_was_read(server: FakeRestServer) -> None:
    end = watch(server)
    end.assigned([P0, P1])
    assert not end.is_over
    server.append("t", b"later")
    end.read([read(P0, 1)])
    assert not end.is_over
    end.read([read(P0, 2)])
    assert end.is_over


def test_what_is_committed_counts_as_read(server: FakeRestServer) -> None:
    behind, done = watch(server, {0: 1}), watch(server, {0: 2})

    for end in (behind, done):
        end.assigned([P0, P1])

    assert not behind.is_over
    assert done.is_over


def test_a_partition_that_is_taken_is_not_waited_for(server: FakeRestServer) -> None:
    end = watch(server)
    end.assigned([P0, P1])

    end.taken([P0])

    assert end.is_over


def test_silence_ends_it_unless_the_server_is_away(server: FakeRestServer) -> None:
    end = watch(server)
    for _ in range(QUIET_POLLS_UNASSIGNED_MAX - 1):
        end.nothing_came()
    assert not end.is_over
    end.assigned([P0])
    for _ in range(QUIET_POLLS_MAX - 1):
        end.nothing_came()
    assert not end.is_over
    end.away(is_away=True)
    for _ in range(100):
        end.nothing_came()
    assert not end.is_over
    end.away(is_away=False)
    for _ in range(QUIET_POLLS_MAX):
        end.nothing_came()
    assert end.is_over


def test_another_refusal_is_told(server: FakeRestServer) -> None:
    server.topics.clear()

    with pytest.raises(Refused):
        watch(server).assigned([P0])
