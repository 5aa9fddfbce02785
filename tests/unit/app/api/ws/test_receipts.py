"""Receipts: in the order of their frames, each once, in a bounded window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws.receipts import ReceiptWindow, Ticket


@given(st.permutations(range(8)), st.lists(st.integers(1, 40), min_size=8, max_size=8))
def test_receipts_are_released_in_the_order_of_the_frames_whatever_settles_first(
    order: list[int], sizes: list[int]
) -> None:
    window = ReceiptWindow(bytes_max=1_000)
    tickets = [window.enter(size) for size in sizes]
    released: list[bytes] = []

    for settled, number in enumerate(order, start=1):
        released += window.settle(tickets[number], b"%d" % number)
        done = set(order[:settled])
        in_front = next(one for one in range(9) if one not in done)
        assert released == [b"%d" % one for one in range(in_front)]
        assert window.size == sum(sizes[in_front:])
        assert len(window) == 8 - in_front


@given(st.lists(st.integers(1, 30), max_size=40), st.data())
def test_the_window_is_never_beyond_its_bounds_but_for_one_frame(
    sizes: list[int], data: st.DataObject
) -> None:
    window = ReceiptWindow(bytes_max=50, frames_max=5)
    waiting: list[Ticket] = []
    for size in sizes:
        while not window.has_room(size):
            ticket = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
            window.settle(ticket, b"")
        waiting.append(window.enter(size))
        assert len(window) <= 5
        assert window.size <= 50 or len(window) == 1


def test_a_frame_larger_than_the_window_fits_when_it_is_empty() -> None:
    window = ReceiptWindow(bytes_max=10)

    assert window.has_room(11)
    window.enter(11)
    assert not window.has_room(1)


def test_a_frame_has_one_receipt() -> None:
    window = ReceiptWindow()
    first = window.enter(1)
    second = window.enter(1)
    window.settle(second, b"2")

    with pytest.raises(AssertionError):
        window.settle(second, b"2")
    assert window.settle(first, b"1") == [b"1", b"2"]
