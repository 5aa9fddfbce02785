"""REST v3: tickets, with which pages open WebSockets and streams of events."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.api.auth.tickets import LIFE_S, Tickets, TooManyTickets
from app.api.dependencies import Asking, get_context
from app.api.errors import ApiError
from app.api.v3.responses import errors

router = APIRouter(tags=["Login"], responses=errors())


class TicketData(BaseModel):
    """A ticket."""

    kind: Literal["CauceTicket"] = "CauceTicket"
    ticket: str = Field(repr=False)
    expires_in: int
    """Seconds."""


def get_tickets(request: Request) -> Tickets:
    """Return those of this node.

    Raises:
        ApiError: It is starting or ending.
    """
    get_context(request)
    tickets: Tickets = request.app.state.tickets
    return tickets


@router.post("/v3/auth/ticket", operation_id="createCauceTicket")
async def create(
    asking: Asking, tickets: Annotated[Tickets, Depends(get_tickets)], response: Response
) -> TicketData:
    """Get a ticket for one WebSocket or one stream of events: `?ticket=`, once, within seconds."""
    try:
        ticket = tickets.issue(asking)
    except TooManyTickets:
        raise ApiError(429, 42901, "Too Many Requests: use the tickets that you have") from None
    response.headers["Cache-Control"] = "no-store"
    return TicketData(ticket=ticket, expires_in=int(LIFE_S))
