"""Presence: whether the client of a request that waits is still there.

Called by: what answers later than at once. Calls: nothing.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from app.api.errors import ApiError
from app.api.request_body import ClientLeft, Receive

_T = TypeVar("_T")
SHUTTING_DOWN = "Service Unavailable: this node is shutting down"


async def left(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_here(work: Awaitable[_T], receive: Receive) -> _T:
    """Return what some work gives, unless the client leaves before; then it is cancelled.

    Raises:
        ClientLeft: It has left.
        ApiError: The node ends before, and cuts short what waits.
    """
    leaving, working = asyncio.ensure_future(left(receive)), asyncio.ensure_future(work)
    try:
        await asyncio.wait({leaving, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
    except asyncio.CancelledError:
        raise ApiError(503, 50302, SHUTTING_DOWN) from None
    else:
        raise ClientLeft
    finally:
        leaving.cancel()
        working.cancel()
