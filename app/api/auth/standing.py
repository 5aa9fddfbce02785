"""Standing: how long the client of something that stays open is who it said it was.

A socket lives longer than many a credential. It is closed when the login that it stands on ends,
and a client that shows another credential of the same party in time goes on without a break.

Invariant: a socket has one login at a time; its party and what it is narrowed to never change.
Called by: api.ws, front. Calls: security.open_connections, login.
"""

from collections.abc import Callable

from app.api.auth.authorization import Bearer
from app.api.auth.login import Login
from app.api.auth.peer import Peer
from app.api.errors import ApiError
from app.security.open_connections import OpenConnections
from app.security.principal import Principal


class Standing:
    """The login of one socket."""

    def __init__(
        self, connections: OpenConnections, principal: Principal, cut: Callable[[], None]
    ) -> None:
        """Stand on a login.

        Args:
            connections: Cuts those whose login ended.
            principal: Who logged in.
            cut: Closes the socket.
        """
        self._connections = connections
        self._principal = principal
        self._cut = cut
        self._entered = connections.enter(principal, cut)

    async def renew(self, login: Login, peer: Peer, token: str) -> None:
        """Stand on another login of the same party.

        Raises:
            ApiError: It is another party's, or narrowed to something else, or none.
        """
        principal = await login.judge(Bearer(token), peer)
        if principal != self._principal or principal.scopes != self._principal.scopes:
            raise ApiError(403, 40301, "a socket stays that of whoever opened it")
        self._entered.leave()
        self._principal = principal
        self._entered = self._connections.enter(principal, self._cut)

    def leave(self) -> None:
        """Stand on nothing: the socket has ended."""
        self._entered.leave()
