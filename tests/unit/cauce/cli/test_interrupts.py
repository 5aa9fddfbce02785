import signal

import pytest

from cauce.cli.interrupts import Interrupts, Stopped


def test_a_signal_ends_waiting_at_once() -> None:
    with Interrupts() as interrupts, pytest.raises(Stopped) as stopped, interrupts.waiting():
        signal.raise_signal(signal.SIGTERM)

    assert stopped.value.signal_number == signal.SIGTERM


def test_a_signal_during_work_waits_for_the_next_wait() -> None:
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        work_done = True
        with pytest.raises(Stopped), interrupts.waiting():
            work_done = False

    assert work_done


def test_a_second_signal_ends_work_too() -> None:
    with Interrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) is not before

    assert signal.getsignal(signal.SIGTERM) is before
