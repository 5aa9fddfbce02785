"""What was read ahead is bounded, and never taken out where the session does not stand."""

from app.consumers.reading.read_ahead import ReadAhead, ReadAheadBudget, Rest
from tests.support.consumers import T0, T1


def rest(offset: int, size: int = 10, epoch: int = 1) -> Rest:
    return Rest(epoch, offset, bytes(size), 2, ())


def test_a_rest_is_found_where_it_goes_on() -> None:
    ahead = ReadAhead(ReadAheadBudget())

    assert ahead.keep(T0, rest(5))

    assert ahead.peek(T0, 1, 5) == rest(5)
    assert ahead.peek(T1, 1, 5) is None


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
