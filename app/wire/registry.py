"""Registry: which APIs are served, in which versions, and by which handler.

ApiVersions answers from it, so what is advertised is what is served. Each module in ``handlers``
declares its own in a tuple ``SERVED``::

    SERVED = (serve(HeartbeatRequest, heartbeat), serve(JoinGroupRequest, join, droppable=True))

A handler gets a ``Call`` and the request, and returns the response, or an awaitable of it, or None
where the protocol has none. It raises nothing but bugs: refusals have their place in the response;
where there is no response, ``HangUp`` is how the client hears of one.

Called by: dispatch, wiring. Calls: message.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.wire.call import Call
from app.wire.message import Api, api_of
from app.wire.messages.api_versions import ApiVersion

Answer = object | Awaitable[object] | None
Handler = Callable[[Call, Any], Answer]
_Request = TypeVar("_Request")


@dataclass(frozen=True, slots=True)
class HangUp:
    """In the place of a response: the connection ends when what came before is answered."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One API that is served."""

    api: Api
    request_type: type
    handler: Handler
    advertised_min: int
    """First version that is advertised; clients may be told of older ones than are served."""

    pipelined: bool
    """Whether the next request of the same API may be handled before this one's answer is there."""

    droppable: bool
    """Whether a shutdown may drop it unanswered: it only reads, or its client asks again."""


def serve(
    request_type: type[_Request],
    handler: Callable[[Call, _Request], Answer],
    *,
    advertised_min: int | None = None,
    pipelined: bool = False,
    droppable: bool = False,
) -> Served:
    """Declare that an API is served, in all versions of its message.

    Args:
        request_type: Its request.
        handler: What answers it.
        advertised_min: See ``Served``; the first version if None.
        pipelined: See ``Served``.
        droppable: See ``Served``.
    """
    api = api_of(request_type)
    return Served(
        api=api,
        request_type=request_type,
        handler=handler,
        advertised_min=api.min_version if advertised_min is None else advertised_min,
        pipelined=pipelined,
        droppable=droppable,
    )


class Registry:
    """The APIs that a door serves."""

    def __init__(self, served: Iterable[Served]) -> None:
        """Serve these, each API once."""
        self._by_key: dict[int, Served] = {}
        for one in served:
            assert one.api.key not in self._by_key, f"{one.api.name} is served twice"
            self._by_key[one.api.key] = one
        self.advertised = tuple(
            ApiVersion(api_key=key, min_version=one.advertised_min, max_version=one.api.max_version)
            for key, one in sorted(self._by_key.items())
        )

    def find(self, api_key: int, version: int) -> Served | None:
        """Return what serves a version of an API, or None."""
        found = self._by_key.get(api_key)
        if found is None or not found.api.min_version <= version <= found.api.max_version:
            return None
        return found
