"""Delegation tokens over REST v3: list, make, renew, end. Only who makes one is told its secret.

Called by: cli. Calls: client.http.
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

import msgspec

from cauce.client.http import HttpClient, decoded

TOKENS_PATH = "/v3/clusters/-/delegation-tokens"


class DelegationToken(msgspec.Struct, frozen=True):
    """A token, without its secret. Times are milliseconds since 1970.

    Attributes:
        expires_at_ms: When it ends unless it is renewed.
        max_at_ms: When it ends however often it is renewed.
    """

    token_id: str
    owner: str
    requester: str
    renewers: tuple[str, ...]
    issued_at_ms: int
    expires_at_ms: int
    max_at_ms: int


class NewDelegationToken(DelegationToken, frozen=True):
    """A token that was just made, with the secret that is never shown again."""

    secret: str

    def __repr__(self) -> str:
        return f"NewDelegationToken(token_id={self.token_id!r}, owner={self.owner!r})"


class WantedDelegationToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token to be made; one's own where no owner is said."""

    owner: str | None = None
    renewers: tuple[str, ...] = ()
    max_lifetime_ms: int | None = None


class _List(msgspec.Struct):
    data: list[DelegationToken]


class _Period(msgspec.Struct, omit_defaults=True):
    period_ms: int | None = None


class DelegationTokens:
    """The delegation tokens of one cluster, as far as one may see them."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self, owner: str | None = None) -> Sequence[DelegationToken]:
        """Return those that one may see.

        Args:
            owner: Only of whom; as ``User:alice``.
        """
        asked = "" if owner is None else f"?{urlencode({'owner': owner})}"
        return decoded(self._http, self._http.get(TOKENS_PATH + asked), _List).data

    def describe(self, token_id: str) -> DelegationToken:
        """Return one."""
        return decoded(self._http, self._http.get(_path(token_id)), DelegationToken)

    def create(self, wanted: WantedDelegationToken) -> NewDelegationToken:
        """Make one."""
        answer = self._http.send("POST", TOKENS_PATH, wanted)
        return decoded(self._http, answer, NewDelegationToken)

    def renew(self, token_id: str, period_ms: int | None = None) -> DelegationToken:
        """Have one end later: after a time from now, or the server's own."""
        answer = self._http.send("POST", f"{_path(token_id)}:renew", _Period(period_ms))
        return decoded(self._http, answer, DelegationToken)

    def expire(self, token_id: str) -> None:
        """End one; what logged in with it is cut."""
        self._http.send("DELETE", _path(token_id))


def _path(token_id: str) -> str:
    return f"{TOKENS_PATH}/{quote(token_id, safe='')}"
