"""Last login: what a connection showed just now is not judged again with its next request.

A client that keeps a connection shows the same key or token with every request. Judging it is a
hash, a signature or a few look-ups: a tenth of what a small request costs.

Invariants:
    A principal is given again for the same bytes of one header, on the same connection, from the
    same address, by the security image that it was found in, and before its login ends.
    After ``REMEMBERED_S`` it is judged anew, and so is known to be used, and is in the audit log.
    Passwords are not remembered here, nor what was refused.
Called by: login. One belongs to each connection (http_protocol).
"""

from app.api.request_body import Scope
from app.security.image import SecurityImage
from app.security.principal import Principal

LAST_LOGIN = "cauce.last_login"
"""Key of a scope: that of its connection."""

REMEMBERED_S = 1.0


class LastLogin:
    """Of one connection."""

    __slots__ = ("_header", "_image", "_principal", "_until")

    def __init__(self) -> None:
        """Know of none."""
        self._header = b""
        self._image: SecurityImage | None = None
        self._principal: Principal | None = None
        self._until = 0.0

    def keep(
        self, header: bytes, principal: Principal, image: SecurityImage | None, now: float
    ) -> None:
        """Remember who was found to ask.

        Args:
            header: What was shown.
            principal: Who that is.
            image: What it was judged by.
            now: Monotonic seconds.
        """
        self._header = header
        self._principal = principal
        self._image = image
        self._until = now + REMEMBERED_S

    def find(
        self, header: bytes, host: str, image: SecurityImage | None, now: float, now_ms: int
    ) -> Principal | None:
        """Return who asks; None if that has to be judged.

        Args:
            header: What is shown.
            host: The address that the request comes from.
            image: What would be judged by.
            now: Monotonic seconds.
            now_ms: Wall-clock time.
        """
        found = self._principal
        if (
            found is None
            or now >= self._until
            or header != self._header
            or image is None
            or image is not self._image
            or host != found.host
            or (found.expires_at_ms is not None and found.expires_at_ms <= now_ms)
        ):
            return None
        return found


def last_login_of(scope: Scope) -> LastLogin | None:
    """Return that of a request's connection, if its connection has one."""
    found: LastLogin | None = scope.get(LAST_LOGIN)
    return found
