"""Access tokens in OAuth 2's words, and who one is.

Called by: cli. Calls: client.http.
"""

from collections.abc import Sequence

import msgspec

from cauce.client.http import HttpClient, decoded

TOKEN_PATH, REVOKE_PATH, WHOAMI_PATH = "/v3/auth/token", "/v3/auth/revoke", "/v3/auth/whoami"


class Tokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """An access token, and for a password what gets the next one, once."""

    access_token: str
    expires_in: int
    token_type: str = ""
    scope: str | None = None
    refresh_token: str | None = None

    def __repr__(self) -> str:
        return f"Tokens(expires_in={self.expires_in}, scope={self.scope!r})"


class WhoAmI(msgspec.Struct, frozen=True):
    """Who the server takes one for.

    Attributes:
        credential: The kind of what was shown; None for nothing.
        scopes: What it is narrowed to; None for all that the user may.
    """

    principal: str
    host: str
    credential: str | None
    scopes: tuple[str, ...] | None
    expires_at_ms: int | None


class TokenIssuer:
    """The part of a server that issues tokens."""

    def __init__(self, http: HttpClient) -> None:
        """Take a client that logs in by ``basic``: a user and password, or no user and a key."""
        self._http = http

    def get(self, scopes: Sequence[str] = ()) -> Tokens:
        """Return a token of what the client logs in with, narrowed to scopes if any are given."""
        return self._asked({"grant_type": "client_credentials"}, scopes)

    def refresh(self, refresh_token: str, scopes: Sequence[str] = ()) -> Tokens:
        """Return the next tokens; the refresh token is used up."""
        return self._asked({"grant_type": "refresh_token", "refresh_token": refresh_token}, scopes)

    def revoke(self, token: str) -> None:
        """End a token; a refresh token ends all that came of its login."""
        self._http.send("POST", REVOKE_PATH, {"token": token})

    def who_am_i(self) -> WhoAmI:
        """Return who the server takes the client for."""
        return decoded(self._http, self._http.get(WHOAMI_PATH), WhoAmI)

    def _asked(self, wanted: dict[str, str], scopes: Sequence[str]) -> Tokens:
        if scopes:
            wanted["scope"] = " ".join(scopes)
        return decoded(self._http, self._http.send("POST", TOKEN_PATH, wanted), Tokens)
