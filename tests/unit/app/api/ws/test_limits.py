"""Limits: the ones that depend on each other do so rightly."""

from app.api.ws import limits


def test_what_clients_are_told_is_what_holds() -> None:
    told = limits.LimitsOut()

    assert told.frame_bytes_max == limits.FRAME_BYTES_MAX
    assert told.heartbeat_ms == 15_000
    assert told.silence_ms_max == 30_000


def test_a_peer_is_asked_for_a_sign_of_life_before_it_counts_as_gone() -> None:
    assert limits.HEARTBEAT_SECONDS * 2 <= limits.SILENCE_SECONDS_MAX < limits.IDLE_SECONDS_MAX


def test_a_frame_of_the_largest_size_fits_an_empty_window() -> None:
    assert limits.FRAME_BYTES_MAX <= limits.IN_FLIGHT_BYTES_MAX
