"""What was read ahead is bounded, and never taken out where the session does not stand."""

from app.consumers.reading.batches import Limits
from app.consumers.reading.read_ahead import ReadAhead, ReadAheadBudget, Rest
from app.consumers.reading.shared_reads import SharedRead
from tests.support.consumers import T0, T1, batch_at


def rest(offset: int, size: int = 10, epoch: int = 1) -> Rest:
    return Rest(epoch, offset, bytes(size), 2, ())


def test_a_rest_is_found_where_it_goes_on() -> None:
    ahead = ReadAhead(ReadAheadBudget())

    assert ahead.keep(T0, rest(5))

    assert ahead.peek(T0, 1, 5) == rest(5)
    assert ahead.peek(T1, 1, 5) is None


def test_a_rest_goes_on_behind_what_was_taken_of_it() -> None:
    data = batch_at(0, 2) + batch_at(2, 2)
    whole = Rest(1, 0, data, 0, (), SharedRead(data))

    taken = whole.cut(0, Limits(2, 1 << 31))
    left = whole.after(taken)

    assert (taken.next_offset, left.offset, left.resume_at) == (2, 2, len(batch_at(0, 2)))
    assert left.shared is None
    assert left.cut(2, Limits(9, 1 << 31)).next_offset == 4


def test_a_rest_of_another_place_is_dropped() -> None:
    budget = ReadAheadBudget()
    ahead = ReadAhead(budget)
    ahead.keep(T0, rest(5))
    ahead.keep(T1, rest(5))

    assert ahead.peek(T0, 1, 6) is None
    assert ahead.peek(T1, 2, 5) is None

    assert (ahead.used, budget.used) == (0, 0)


def test_a_rest_with_nothing_left_is_not_kept() -> None:
    ahead = ReadAhead(ReadAheadBudget())

    assert not ahead.keep(T0, rest(5)._replace(resume_at=10))

    assert ahead.peek(T0, 1, 5) is None


def test_what_does_not_fit_is_not_kept_and_nothing_is_lost_of_the_others() -> None:
    budget = ReadAheadBudget(25)
    first, second = ReadAhead(budget, 15), ReadAhead(budget)

    assert first.keep(T0, rest(5))
    assert not first.keep(T1, rest(5))
    assert second.keep(T0, rest(5))
    assert not second.keep(T1, rest(5))

    first.clear()
    assert second.keep(T1, rest(5))
    assert budget.used == 20
