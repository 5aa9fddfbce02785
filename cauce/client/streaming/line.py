"""Line: a socket that comes back: one link after another to the same server.

Invariants:
    One link at a time. After a link that has worked the first attempt comes at once.
    The first attempt of all is not repeated: a server that was never there is an error to be told.
Called by: async_consumer, async_producer. Calls: link, comebacks.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Unpack

from cauce.client.address import parse_url
from cauce.client.credentials import Login, authorization
from cauce.client.errors import AnswerLost, ClientError, Closed, Fenced, ServerUnreachable
from cauce.client.streaming.comebacks import FENCED, Backoff, Ending
from cauce.client.streaming.link import Link, LinkEnded

AWAY_CODE = 1006
FIRST_GIVE_UP_S = 30.0
"""How long a server that has not worked yet may say to come back later."""


class Line:
    """Serves link after link until it is closed or there is no hope."""

    def __init__(
        self,
        url: str,
        subprotocol: str,
        serve: Callable[[Link], Awaitable[None]],
        on_away: Callable[[Ending], None],
        *,
        give_up_s: float | None,
        **login: Unpack[Login],
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: Of the server.
            subprotocol: What is spoken.
            serve: Uses a link until it ends, and raises what has ended it.
            on_away: Told of each end that is to be followed by another attempt.
            give_up_s: How long the server may be away; None for ever.
            login: What it is shown each time.

        Raises:
            ClientError: What is to be shown cannot be, or not there.
        """
        self.url = url
        self._authorization = authorization(login, parse_url(url)) if login else None
        self._ca_file = login.get("ca_file")
        self.link: Link | None = None
        """The one that is in use."""

        self._subprotocol = subprotocol
        self._serve = serve
        self._on_away = on_away
        self._give_up_s = give_up_s
        self._backoff = Backoff()
        self._works_once = False
        self._away_since: float | None = None

    def works(self) -> None:
        """Take in that the server does what it was asked: it is back."""
        self._works_once = True
        self._away_since = None
        self._backoff.reset()

    async def run(self) -> None:
        """Serve for ever.

        Raises:
            ClientError: There is no hope.
        """
        while True:
            try:
                await self._serve_one()
            except LinkEnded as ended:
                await self._wait(ended.ending)
            except ServerUnreachable as error:
                if not self._works_once:
                    raise
                await self._wait(Ending(code=AWAY_CODE, reason=str(error), retry=True), error)

    async def close(self) -> None:
        """Say goodbye on the link that is in use."""
        if self.link is not None:
            with suppress(LinkEnded):
                await self.link.close()

    async def _serve_one(self) -> None:
        link = await Link.open(self.url, self._subprotocol, self._authorization, self._ca_file)
        self.link = link
        try:
            await self._serve(link)
        finally:
            self.link = None
            link.abort()

    async def _wait(self, ending: Ending, error: ClientError | None = None) -> None:
        """Wait before the next attempt.

        Raises:
            ClientError: The server does not want another one, or was away for too long.
        """
        if not ending.retry:
            kind = Fenced if ending.code == FENCED else Closed
            raise kind(self.url, ending.code, ending.reason)
        now = asyncio.get_running_loop().time()
        if self._away_since is None:
            self._away_since = now
        give_up_s = self._give_up_s
        if not self._works_once:
            give_up_s = min(FIRST_GIVE_UP_S, FIRST_GIVE_UP_S if give_up_s is None else give_up_s)
        if give_up_s is not None and now - self._away_since >= give_up_s:
            raise error or AnswerLost(self.url, ending.reason)
        self._on_away(ending)
        await asyncio.sleep(self._backoff.next_wait_s(random.random(), ending.wait_s))  # noqa: S311
