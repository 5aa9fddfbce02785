"""Credit: nothing is sent before it, never more than it, and acknowledgements are cumulative."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.api.ws.credit import Allowed, CreditAccount, Unacknowledged
from app.api.ws.limits import AUTO_BYTES, AUTO_RECORDS, CREDIT_MAX, UNACKNOWLEDGED_FRAMES_MAX

FRAME_MAX = 100


class CreditMachine(RuleBasedStateMachine):
    """A server that sends whenever it may, against what its client granted."""

    def __init__(self) -> None:
        super().__init__()
        self.account = CreditAccount()
        self.granted_records: int | None = 0
        self.granted_bytes: int | None = 0
        self.is_first = True
        self.records = self.size = self.last_size = 0

    @rule(records=st.none() | st.integers(0, 50), size=st.none() | st.integers(0, 500))
    def grant(self, records: int | None, size: int | None) -> None:
        for name, more in (("granted_records", records), ("granted_bytes", size)):
            had = getattr(self, name)
            if self.is_first and more is None:
                setattr(self, name, None)
            elif more is not None:
                spent = self.records if name == "granted_records" else self.size
                setattr(self, name, (spent if had is None else had) + more)
        self.is_first = False
        self.account.grant(records, size)

    @precondition(lambda self: self.account.allowed().is_any)
    @rule(wanted=st.integers(1, 60), each=st.integers(1, 30))
    def send(self, wanted: int, each: int) -> None:
        allowed = self.account.allowed().records
        records = wanted if allowed is None else min(wanted, allowed)
        self.account.spend(records, records * each)
        self.records += records
        self.size += records * each
        self.last_size = records * each

    @invariant()
    def no_more_is_sent_than_was_granted(self) -> None:
        if self.is_first:
            assert self.records == 0
        if self.granted_records is not None:
            assert self.records <= self.granted_records
        if self.granted_bytes is not None and self.last_size:
            assert self.size - self.last_size <= self.granted_bytes

    @invariant()
    def what_is_left_is_granted_less_sent(self) -> None:
        left = self.account.allowed()
        if self.granted_records is not None:
            assert left.records == self.granted_records - self.records
        if self.granted_bytes is not None:
            assert left.bytes == self.granted_bytes - self.size


TestCredit = CreditMachine.TestCase


def test_nothing_may_be_sent_before_credit() -> None:
    account = CreditAccount()

    assert not account.allowed().is_any
    with pytest.raises(AssertionError):
        account.spend(1, 1)


def test_what_is_not_named_is_not_counted() -> None:
    account = CreditAccount()

    account.grant(5, None)

    assert account.allowed() == Allowed(5, None)


def test_a_window_is_moved_on_by_acknowledgements() -> None:
    account = CreditAccount()
    account.open_window()
    account.spend(AUTO_RECORDS, 10)
    assert not account.allowed().is_any

    account.give_back(30, 10)

    assert account.allowed() == Allowed(30, AUTO_BYTES)


def test_acknowledgements_do_not_add_to_what_a_client_counts_itself() -> None:
    account = CreditAccount()
    account.grant(5, None)
    account.spend(5, 1)

    account.give_back(5, 1)

    assert not account.allowed().is_any


def test_unbounded_credit_is_never_used_up() -> None:
    account = CreditAccount()
    account.open()

    account.spend(2**40, 2**50)

    assert account.allowed() == Allowed(None, None)


def test_credit_does_not_grow_beyond_what_javascript_counts() -> None:
    account = CreditAccount()
    account.grant(CREDIT_MAX, CREDIT_MAX)

    account.grant(CREDIT_MAX, CREDIT_MAX)

    assert account.allowed() == Allowed(CREDIT_MAX, CREDIT_MAX)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2), st.integers(1, 5)), max_size=30),
    st.data(),
)
def test_acknowledging_counts_each_frame_once_and_knows_the_last_offsets(
    frames: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    sent = Unacknowledged()
    ends = {0: 0, 1: 0, 2: 0}
    history = []
    counted = 0
    for records, partition, step in frames:
        ends[partition] += step
        seq = sent.add(records, records * 10, (("t", partition, ends[partition]),))
        history.append((seq, records, dict(ends)))
        if data.draw(st.booleans()):
            upto = data.draw(st.integers(1, seq))
            new, size = sent.acknowledge(upto)
            counted += new
            assert size == new * 10
            known = {part: end for part, end in history[upto - 1][2].items() if end}
            last = max(upto, *(one for one, _, _ in history if one <= upto))
            if counted == sum(records for one, records, _ in history if one <= last):
                assert {part: end for (_, part), end in sent.acknowledged().items()} == known

    assert counted <= sum(records for records, _, _ in frames)
    if frames:
        rest, _ = sent.acknowledge(len(frames))
        assert counted + rest == sum(records for records, _, _ in frames)
        assert sent.acknowledge(len(frames)) == (0, 0)


@pytest.mark.parametrize("seq", [0, 2, 10**9])
def test_a_frame_that_was_not_sent_cannot_be_acknowledged(seq: int) -> None:
    sent = Unacknowledged()
    sent.add(1, 1, (("t", 0, 1),))

    with pytest.raises(ValueError, match="1 to 1"):
        sent.acknowledge(seq)


def test_frames_beyond_the_bound_are_remembered_together() -> None:
    sent = Unacknowledged()
    count = UNACKNOWLEDGED_FRAMES_MAX + 5
    for number in range(count):
        sent.add(1, 2, (("t", number % 2, number + 1),))

    assert sent.next_seq == count + 1
    assert sent.acknowledge(3) == (0, 0)
    assert sent.acknowledge(count) == (count, 2 * count)
    assert sorted(sent.acknowledged().values()) == [count - 1, count]


def test_partitions_that_are_gone_are_forgotten() -> None:
    sent = Unacknowledged()
    sent.add(1, 1, (("t", 0, 1), ("t", 1, 4)))
    sent.add(1, 1, (("t", 0, 2),))
    sent.acknowledge(1)

    sent.forget({("t", 0)})
    sent.acknowledge(2)

    assert sent.acknowledged() == {("t", 1): 4}
    sent.forget()
    assert sent.acknowledged() == {}
