from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cauce.client.streaming.codec import Batch, Slice
from cauce.client.streaming.frames import (
    Assign,
    AssignedFrame,
    Committed,
    EndFrame,
    FilterCounts,
    LostFrame,
    Place,
    RecordsFrame,
    RevokedFrame,
    RevokingFrame,
    Start,
    Subscribe,
    Subscribed,
)
from cauce.client.streaming.reading import (
    Assigned,
    Disconnected,
    Ended,
    Event,
    Lost,
    Reading,
    Reconnected,
    Revoked,
    Revoking,
)
from cauce.client.streaming.records import TopicPartition

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)
ALONE = Assign(partitions=[Start("t", start="earliest")])
GROUP = Subscribe(group="g", topics=["t"])


def part(first: int, end: int, *, partition: int = 0, epoch: int = 1) -> Slice:
    return Slice(
        topic="t",
        partition=partition,
        epoch=epoch,
        count=end - first,
        next_offset=end,
        high_watermark=end,
    )


def records(seq: int, token: str, counts: FilterCounts | None = None) -> RecordsFrame:
    return RecordsFrame(seq=seq, epoch=1, slices=[], resume=token, filter=counts)


def places(*numbers: int) -> list[Place]:
    return [Place("t", number) for number in numbers]


def opened(reading: Reading, token: str = "t0", *, resumed: bool = False) -> dict[str, Any]:
    first = reading.begin_socket()
    reading.opened(Subscribed(epoch=1, resumed=resumed, resume=token))
    return first


def drain(reading: Reading) -> list[Event]:
    found = []
    while reading.has_event():
        event = reading.next_event()
        assert event is not None
        found.append(event)
    return found


def test_a_new_socket_goes_on_behind_the_last_frame_that_came() -> None:
    reading = Reading(ALONE)
    assert opened(reading)["type"] == "assign"
    reading.took_records(records(1, "t1"), [part(0, 5)])
    reading.away("gone")
    reading.away("gone again")

    assert reading.begin_socket() == {
        "type": "resume",
        "sub": "s",
        "token": "t1",
        "credit": "auto",
    }
    reading.opened(Subscribed(epoch=3, resumed=True, resume="other"))
    batch, away, back = drain(reading)
    assert isinstance(batch, Batch)
    assert batch.socket == 1
    assert away == Disconnected("gone")
    assert back == Reconnected(resumed=True, reason=None)
    assert reading.token == "t1"


def test_a_break_before_any_record_goes_on_where_the_subscription_stood() -> None:
    reading = Reading(ALONE)
    opened(reading, "begin")
    reading.away("gone")

    assert reading.begin_socket()["token"] == "begin"


def test_what_was_handed_out_is_done_when_more_is_asked_for() -> None:
    reading = Reading(ALONE)
    opened(reading)
    reading.took_records(records(1, "a"), [part(0, 5), part(0, 2, partition=1)])
    reading.took_records(records(2, "b"), [part(5, 6)])

    reading.next_event()
    assert reading.positions() == {}
    reading.next_event()
    assert reading.positions() == {P0: 5, P1: 2}
    out = reading.finish()
    assert out is not None
    assert out.seq == 2
    assert reading.positions() == {P0: 6, P1: 2}


def test_of_a_batch_that_is_held_only_that_is_done_which_is_said_to_be() -> None:
    reading = Reading(ALONE)
    opened(reading)
    reading.took_records(records(1, "a"), [part(0, 5), part(0, 2, partition=1)])
    reading.next_event()
    reading.hold()
    reading.done(P0, 3)

    assert reading.finish() is not None
    assert reading.positions() == {P0: 3}


def test_what_nobody_got_is_handed_out_again() -> None:
    reading = Reading(ALONE)
    opened(reading)
    reading.took_records(records(1, "a"), [part(0, 5)])
    reading.took_records(records(2, "b"), [part(5, 9)])
    reading.next_event()
    before = reading.handed
    reading.next_event()
    reading.take_back(before)

    again = reading.next_event()

    assert isinstance(again, Batch)
    assert again.seq == 2
    assert reading.positions() == {P0: 5}
    reading.take_back(reading.handed)
    assert not reading.has_event()


def test_commits_are_of_what_is_done_ours_and_new() -> None:
    reading = Reading(GROUP)
    opened(reading)
    reading.took(AssignedFrame(places(0, 1)))
    reading.took_records(records(1, "a"), [part(0, 5), part(0, 2, partition=1)])
    reading.took(RevokingFrame(places(1), 5_000))
    reading.took(RevokedFrame(places(1)))
    assert [type(one) for one in (reading.next_event(), reading.next_event())] == [Assigned, Batch]

    assert reading.next_event() == Revoking([P1], 5_000)
    assert reading.to_commit([P1]) == {P1: 2}
    assert reading.to_commit() == {P0: 5, P1: 2}
    reading.committed({P0: 5})
    assert reading.next_event() == Revoked([P1])
    assert reading.to_commit() == {}
    assert reading.assignment == [P0]
    reading.done(P1, 9)
    assert reading.to_commit() == {}


def test_an_assignment_that_comes_again_after_a_break_is_not_told_twice() -> None:
    reading = Reading(GROUP)
    opened(reading)
    reading.took(AssignedFrame(places(0, 1)))
    reading.away("gone")
    opened(reading, resumed=True)
    reading.took(AssignedFrame(places(0, 2)))
    reading.took(AssignedFrame(places(3)))

    told = [one for one in drain(reading) if isinstance(one, Assigned | Lost)]

    assert told == [
        Assigned([P0, P1]),
        Lost([P1]),
        Assigned([TopicPartition("t", 2)]),
        Assigned([TopicPartition("t", 3)]),
    ]


def test_lost_partitions_the_end_and_tokens_of_commits_are_taken_in() -> None:
    reading = Reading(GROUP)
    opened(reading)
    reading.took(AssignedFrame(places(0)))
    reading.took(LostFrame(places(0)))
    reading.took(Committed(offsets=[], resume="newer"))
    reading.took(EndFrame())

    assert drain(reading)[1:] == [Lost([P0]), Ended()]
    assert reading.token == "newer"


def test_a_seek_voids_what_came_before_it_even_if_it_waits_to_be_handed_out() -> None:
    reading = Reading(ALONE)
    opened(reading)
    reading.took_records(records(1, "a"), [part(0, 5), part(0, 2, partition=1)])
    start = [Start("t", partition=0, offset=0)]
    reading.seek(start)
    reading.took_records(records(2, "b"), [part(5, 9)])
    reading.sought(start, 4)
    reading.took_records(records(3, "c"), [part(9, 12, epoch=3)])
    reading.took_records(records(4, "d"), [part(0, 3, epoch=4)])

    slices = [one.slices for one in drain(reading) if isinstance(one, Batch)]

    assert slices == [[part(0, 2, partition=1)], [], [], [part(0, 3, epoch=4)]]


def test_a_seek_is_repeated_until_a_token_is_behind_it() -> None:
    reading = Reading(ALONE)
    opened(reading)
    start = Start("t", offset=7, partition=0)
    reading.seek([Start("t", start="latest", partition=0)])
    reading.seek([start])
    reading.sought([start], 2)
    reading.away("gone")
    opened(reading, resumed=True)
    assert reading.still_sought() == [start]
    reading.took_records(records(1, "stale"), [part(0, 5, epoch=9)])
    reading.sought([start], 10)
    reading.took_records(records(2, "fresh"), [part(7, 8, epoch=10)])

    assert reading.still_sought() == []
    slices = [one.slices for one in drain(reading) if isinstance(one, Batch)]
    assert slices == [[], [part(7, 8, epoch=10)]]


def test_a_seek_that_is_refused_changes_nothing() -> None:
    reading = Reading(ALONE)
    opened(reading)
    start = [Start("t", offset=7, partition=5)]
    reading.seek(start)
    reading.not_sought(start)
    reading.took_records(records(1, "a"), [part(0, 5, partition=5)])

    assert reading.still_sought() == []
    (batch,) = drain(reading)
    assert isinstance(batch, Batch)
    assert batch.count == 5


def test_what_is_paused_is_paused_again_on_a_new_socket() -> None:
    reading = Reading(ALONE)
    reading.pause([P0, P1])
    reading.unpause([P1])

    assert reading.still_paused() == [P0]


class ModelServer:
    """One partition behind sockets: tokens are offsets, epochs count seeks and sockets."""

    def __init__(self) -> None:
        self.position = 0
        self.epoch = 1
        self.seq = 0

    def open(self, reading: Reading) -> None:
        first = reading.begin_socket()
        resumed = first["type"] == "resume"
        self.position = int(first["token"]) if resumed else 0
        self.epoch += 1
        self.seq = 0
        reading.opened(Subscribed(epoch=self.epoch, resumed=resumed, resume=str(self.position)))
        for start in reading.still_sought():
            self.seek(reading, start)

    def send(self, reading: Reading, count: int) -> None:
        self.seq += 1
        first, self.position = self.position, self.position + count
        piece = part(first, self.position, epoch=self.epoch)
        reading.took_records(records(self.seq, str(self.position)), [piece])

    def seek(self, reading: Reading, start: Start) -> None:
        assert start.offset is not None
        self.position = start.offset
        self.epoch += 1
        reading.sought([start], self.epoch)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 5)),
        st.tuples(st.just("take"), st.just(0)),
        st.tuples(st.just("break"), st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 30)),
        st.tuples(st.just("break-in-seek"), st.integers(0, 30)),
        st.tuples(st.just("sends-late-and-seek"), st.integers(0, 30)),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_each_record_is_handed_out_once_and_in_order_whatever_breaks(
    actions: list[tuple[str, int]],
) -> None:
    server, reading = ModelServer(), Reading(ALONE)
    server.open(reading)
    expected = 0

    def take() -> int:
        event = reading.next_event()
        following = expected
        if isinstance(event, Batch):
            for one in event.slices:
                assert one.next_offset - one.count == following
                following = one.next_offset
        return following

    for action, number in actions:
        start = Start("t", partition=0, offset=number)
        if action == "send":
            server.send(reading, number)
        elif action == "take":
            expected = take()
        elif action == "break":
            reading.away("gone")
            server.open(reading)
        else:
            reading.seek([start])
            expected = number
            if action == "sends-late-and-seek":
                server.send(reading, 3)
            if action == "break-in-seek":
                reading.away("gone")
                server.open(reading)
            else:
                server.seek(reading, start)
    while reading.has_event():
        expected = take()
    server.send(reading, 1)
    assert take() == server.position
