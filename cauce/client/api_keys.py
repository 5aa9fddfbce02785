"""API keys over REST v3: list, create, delete. The key is in the answer that makes it alone.

Called by: cli. Calls: client.http.
"""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from cauce.client.http import HttpClient, decoded

KEYS_PATH = "/v3/clusters/-/api-keys"


class ApiKey(msgspec.Struct, frozen=True):
    """A key, without its secret.

    Attributes:
        scopes: What it is narrowed to; None for all that its user may.
    """

    key_id: str
    user: str
    scopes: tuple[str, ...] | None
    description: str
    created_at_ms: int
    expires_at_ms: int | None
    last_used_at_ms: int | None


class NewApiKey(ApiKey, frozen=True):
    """A key that was just made, with the secret that is never shown again."""

    key: str

    def __repr__(self) -> str:
        return f"NewApiKey(key_id={self.key_id!r}, user={self.user!r})"


class WantedApiKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key to be made."""

    user: str
    scopes: tuple[str, ...] | None = None
    description: str = ""
    expires_at_ms: int | None = None


class _List(msgspec.Struct):
    data: list[ApiKey]


class ApiKeys:
    """The API keys of one cluster, as far as one may see them."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self) -> Sequence[ApiKey]:
        """Return one's own keys, and those of others that one may see."""
        return decoded(self._http, self._http.get(KEYS_PATH), _List).data

    def create(self, wanted: WantedApiKey) -> NewApiKey:
        """Make a key."""
        return decoded(self._http, self._http.send("POST", KEYS_PATH, wanted), NewApiKey)

    def delete(self, key_id: str) -> None:
        """Delete a key; what logged in with it is cut."""
        self._http.send("DELETE", f"{KEYS_PATH}/{quote(key_id, safe='')}")
