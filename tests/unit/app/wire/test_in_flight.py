from app.wire.in_flight import InFlight


def test_a_frame_is_admitted_whole_while_anything_is_left() -> None:
    in_flight = InFlight(100)

    assert in_flight.admit(60)
    assert in_flight.admit(60)
    assert not in_flight.admit(1)
    assert in_flight.held_bytes == 120


def test_those_who_wait_are_called_in_a_row_while_there_is_room() -> None:
    in_flight = InFlight(100)
    called: list[str] = []
    assert in_flight.admit(100)

    def first() -> None:
        called.append("first")
        assert in_flight.admit(90)

    def second() -> None:
        called.append("second")
        assert in_flight.admit(90)

    for one in (first, second, first):
        in_flight.wait(one)
    in_flight.release(100)

    assert called == ["first", "second"]
    assert in_flight.waiting == 1
    in_flight.release(180)
    assert called == ["first", "second", "first"]
