"""Tickets: good once, for seconds, in the name of who asked; as many as there may be."""

import pytest

from app.api.auth.tickets import LIFE_S, OF_PRINCIPAL_MAX, TICKETS_MAX, Tickets, TooManyTickets
from app.security.principal import Principal
from tests.support.security.login import MovedClock

ALICE = Principal("alice", scopes=frozenset({"read"}))


def test_ticket_opens_once_in_the_name_and_with_the_narrowing_of_who_asked() -> None:
    tickets = Tickets(MovedClock())
    ticket, other = tickets.issue(ALICE), tickets.issue(ALICE)

    found = tickets.redeem(ticket)

    assert ticket != other
    assert found is not None
    assert (found, found.scopes) == (ALICE, ALICE.scopes)
    assert tickets.redeem(ticket) is None
    assert tickets.redeem("\ud800") is None
    assert len(tickets) == 1


def test_ticket_ends_within_a_minute() -> None:
    clock = MovedClock()
    tickets = Tickets(clock)
    ticket = tickets.issue(ALICE)

    clock.seconds += LIFE_S

    assert LIFE_S < 60
    assert tickets.redeem(ticket) is None


def test_tickets_have_bounds_and_those_that_ended_make_room() -> None:
    clock = MovedClock()
    tickets = Tickets(clock)
    for _ in range(OF_PRINCIPAL_MAX):
        tickets.issue(ALICE)
    with pytest.raises(TooManyTickets):
        tickets.issue(ALICE)
    for number in range(TICKETS_MAX - OF_PRINCIPAL_MAX):
        tickets.issue(Principal(f"u{number}"))
    with pytest.raises(TooManyTickets):
        tickets.issue(Principal("another"))

    clock.seconds += LIFE_S

    assert tickets.redeem(tickets.issue(ALICE)) == ALICE
    assert len(tickets) == 0


def test_tickets_are_not_kept_as_they_are() -> None:
    tickets = Tickets(MovedClock())

    assert tickets.issue(ALICE).encode() not in repr(vars(tickets)).encode()
