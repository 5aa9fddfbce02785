from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws.codec import decode_binary
from app.api.ws.columns import decode_columns
from cauce.client.errors import AnswerLost, ClientError, Refused, ServerUnreachable
from cauce.client.streaming.frames import ProducerIdentity, Run
from cauce.client.streaming.records import NewRecord
from cauce.client.streaming.sending import Bounds, Receipt, Sending, Settled

BOUNDS = Bounds(records=4, size=10_000, linger_s=1.0, delivery_s=60.0)


class ModelServer:
    """Appends as an idempotent log does, and keeps what it would answer."""

    def __init__(self) -> None:
        self.logs: dict[int, list[bytes]] = defaultdict(list)
        self._seen: dict[tuple[int, int, int], tuple[int, Run]] = {}
        self._next: dict[tuple[int, int], int] = {}
        self._ids = 0

    def identity(self) -> ProducerIdentity:
        self._ids += 1
        return ProducerIdentity(producer_id=self._ids, epoch=0)

    def append(self, message: bytes) -> tuple[int, Run]:
        _, header, payload = decode_binary(message)
        assert header.producer is not None
        assert header.partition is not None
        assert isinstance(header.id, int)
        who, partition = header.producer.producer_id, header.partition
        key = (who, partition, header.producer.sequence)
        timed, headed = "timestamps" in header.columns, "headers" in header.columns
        found = decode_columns(payload, header.count, 0, timestamps=timed, headers=headed)
        values = [value or b"" for _, _, value, _ in found]
        if key in self._seen:
            count, run = self._seen[key]
            assert count == header.count, "a produce that is sent again is the same"
            return header.id, run
        if header.producer.sequence != self._next.get((who, partition), 0):
            return header.id, Run(count=header.count, error_code=40002, message="out of order")
        if b"bad" in values:
            return header.id, Run(count=header.count, error_code=40002, message="a bad record")
        if b"huge" in values:
            return header.id, Run(count=header.count, error_code=413, message="too large")
        log = self.logs[partition]
        run = Run(count=header.count, partition=partition, base_offset=len(log))
        log.extend(values)
        self._next[who, partition] = header.producer.sequence + header.count
        self._seen[key] = (header.count, run)
        return header.id, run


def due(sending: Sending, now: float = 10.0, *, flush: bool = True) -> list[bytes]:
    return list(sending.due(now, flush=flush, now_ms=0))


def serve(sending: Sending, server: ModelServer, now: float = 10.0) -> list[Settled]:
    """Answer everything until nothing is left."""
    settled: list[Settled] = []
    while sending.count:
        if sending.wants_identity:
            sending.identify(server.identity())
        for message in due(sending, now):
            number, run = server.append(message)
            settled += sending.answer(number, [run], now)
        now += 0.1
    return settled


def filled(*values: bytes, partition: int | None = 0) -> Sending:
    sending = Sending("url", BOUNDS)
    for at, value in enumerate(values):
        sending.add("t", NewRecord(value, partition=partition), 3, at, now=0.0)
    return sending


def test_nothing_is_sent_before_there_is_an_identity() -> None:
    sending = filled(b"a")

    assert sending.wants_identity
    assert due(sending) == []
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))
    assert not sending.wants_identity
    assert len(due(sending)) == 1
    assert due(sending) == []


def test_a_batch_waits_for_others_until_it_is_full_or_late() -> None:
    sending = filled(b"a", b"b")
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))

    assert due(sending, 0.5, flush=False) == []
    assert sending.next_due(0.5) == 0.5
    assert len(due(sending, 1.0, flush=False)) == 1

    full = filled(*[b"x"] * 5)
    full.identify(ProducerIdentity(producer_id=1, epoch=0))
    (message,) = due(full, 0.0, flush=False)
    assert decode_binary(message)[1].count == 4


def test_receipts_name_the_place_of_each_record() -> None:
    settled = serve(filled(b"a", b"b", b"c", b"d", b"e"), ModelServer())

    assert [(one.ticket, one.outcome) for one in settled] == [
        (at, Receipt("t", 0, at)) for at in range(5)
    ]


def test_keys_choose_partitions_and_records_without_take_turns() -> None:
    sending = filled(*[b"x"] * 9, partition=None)
    for _ in range(3):
        sending.add("t", NewRecord(b"k", b"key"), 3, "k", now=0.0)
    server = ModelServer()

    serve(sending, server)

    assert len([one for one in server.logs.values() if b"x" in one]) > 1
    assert len([one for one in server.logs.values() if b"k" in one]) == 1


def test_one_bad_record_is_refused_alone() -> None:
    server = ModelServer()
    sending = filled(b"a", b"b", b"bad", b"c", b"d", b"huge", b"e")

    settled = {one.ticket: one.outcome for one in serve(sending, server)}

    refused = {ticket for ticket, one in settled.items() if isinstance(one, Refused)}
    assert refused == {2, 5}
    assert server.logs[0] == [b"a", b"b", b"c", b"d", b"e"]
    assert (sending.size, sending.count) == (0, 0)


def test_a_refusal_of_the_topic_is_everyones() -> None:
    sending = filled(b"a", b"b")
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))
    due(sending)

    run = Run(count=2, error_code=40403, message="no topic", retriable=True)
    settled = sending.answer(1, [run], 10.0)

    assert [str(one.outcome) for one in settled] == ["no topic (error 40403)"] * 2


@pytest.mark.parametrize("again", [{"retriable": True}, {"outcome_unknown": True}])
def test_what_may_pass_is_sent_again_as_it_was(again: dict[str, Any]) -> None:
    sending = filled(b"a")
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))
    (first,) = due(sending)

    assert sending.answer(1, [Run(count=1, error_code=50003, message="x", **again)], 10.0) == []
    wait_s = sending.next_due(10.0)
    assert wait_s is not None
    assert wait_s > 0
    assert due(sending, 10.0) == []
    assert due(sending, 10.0 + wait_s) == [first]


def test_a_produce_that_is_no_frame_is_refused_and_another_identity_asked_for() -> None:
    sending = filled(b"a")
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))
    due(sending)

    (settled,) = sending.refuse(1, Refused(400, 400, "no frame"))

    assert isinstance(settled.outcome, Refused)
    assert sending.refuse(None, Refused(400, 400, "?")) == []
    sending.add("t", NewRecord(b"b", partition=0), 3, 1, now=0.0)
    assert sending.wants_identity


def test_what_is_late_is_unknown_if_it_was_sent_and_surely_not_stored_otherwise() -> None:
    sending = filled(*[b"x"] * 6)
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))
    due(sending, 0.0)

    settled = sending.expire(60.0)

    kinds = [type(one.outcome) for one in settled]
    assert kinds == [AnswerLost] * 4 + [ServerUnreachable] * 2
    assert sending.count == 0
    assert sending.answer(1, [Run(count=4, partition=0, base_offset=0)], 61.0) == []


def test_the_end_settles_everything() -> None:
    sending = filled(*[b"x"] * 6)
    sending.identify(ProducerIdentity(producer_id=1, epoch=0))
    due(sending)
    error = ServerUnreachable("url", "gone")

    kinds = [type(one.outcome) for one in sending.abandon(error)]

    assert kinds == [AnswerLost] * 4 + [ServerUnreachable] * 2
    assert (sending.size, sending.count, sending.next_due(0.0)) == (0, 0, None)


def test_what_was_never_sent_is_surely_not_stored() -> None:
    sending = filled(b"x")

    (settled,) = sending.expire(100.0)

    assert isinstance(settled.outcome, ServerUnreachable)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 1), st.sampled_from([b"", b"bad", b"huge"])),
        st.tuples(st.sampled_from(["serve", "lose-answers", "lose-produces", "busy"])),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_records_are_stored_once_and_in_order_whatever_is_lost(
    actions: list[tuple[Any, ...]],
) -> None:
    server, sending = ModelServer(), Sending("url", BOUNDS)
    settled: list[Settled] = []
    added: dict[int, list[int]] = defaultdict(list)
    bad: set[int] = set()
    for now, (action, *rest) in enumerate(actions):
        if action == "add":
            partition, value = rest
            ticket = sum(map(len, added.values()))
            added[partition].append(ticket)
            if value:
                bad.add(ticket)
            record = NewRecord(value or b"%d" % ticket, partition=partition)
            sending.add("t", record, 2, ticket, float(now))
            continue
        if sending.wants_identity:
            sending.identify(server.identity())
        for message in due(sending, float(now)):
            if action == "lose-produces":
                continue
            number, run = server.append(message)
            if action == "busy":
                run = Run(count=1, error_code=50003, message="busy", outcome_unknown=True)
            if action != "lose-answers":
                settled += sending.answer(number, [run], float(now))
        if action.startswith("lose"):
            sending.break_off()
    sending.break_off()
    settled += serve(sending, server, 50.0)

    outcomes = {one.ticket: one.outcome for one in settled}
    assert len(outcomes) == len(settled) == sum(map(len, added.values()))
    for partition, tickets in added.items():
        good = [ticket for ticket in tickets if ticket not in bad]
        assert server.logs[partition] == [b"%d" % ticket for ticket in good]
        for ticket in tickets:
            if ticket in bad:
                assert isinstance(outcomes[ticket], ClientError)
            else:
                assert outcomes[ticket] == Receipt("t", partition, good.index(ticket))
