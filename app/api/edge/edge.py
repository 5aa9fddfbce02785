"""The edge: what each HTTP request passes on its way in, and each answer on its way out.

Not a middleware of the framework: the front asks it, so that the hot paths pass it too, and so
that a request which none of it concerns pays for two looks at its headers.
"""

from collections.abc import Awaitable, Callable

from app.api.answers import Send
from app.api.edge.addresses import ADDRESSES, Addresses
from app.api.edge.compression import Compression, choose_coding
from app.api.edge.cors import Cors
from app.api.edge.hosts import Hosts
from app.api.request_body import Receive, Scope, header

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


class Edge:
    """Addresses, names, other origins and compression of one node."""

    def __init__(
        self,
        addresses: Addresses | None = None,
        cors: Cors | None = None,
        compression: Compression | None = None,
        hosts: Hosts | None = None,
    ) -> None:
        """Stand around the answers; what is None is off."""
        self.addresses = addresses or Addresses()
        self.cors = cors
        self.hosts = hosts
        self._compression = compression

    async def pass_through(
        self, scope: Scope, receive: Receive, send: Send, answer: Answer
    ) -> None:
        """Have a request answered, with what the edge adds to the answer."""
        scope[ADDRESSES] = self.addresses
        if self.cors is not None:
            if self.cors.is_preflight(scope):
                await self.cors.answer_preflight(scope, send)
                return
            send = self.cors.sender(scope, send)
        coding = None
        if self._compression is not None and scope["method"] != "HEAD":
            accepted = header(scope, b"accept-encoding")
            coding = choose_coding(accepted) if accepted else None
        if coding is None or self._compression is None:
            await answer(scope, receive, send)
            return
        sender = self._compression.sender(coding, send)
        try:
            await answer(scope, receive, sender)
        finally:
            sender.close()

    def close(self) -> None:
        """End what the edge runs."""
        if self._compression is not None:
            self._compression.close()
