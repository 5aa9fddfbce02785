"""Users over REST v3: list, get, create, alter, delete. A password goes out and never comes back.

Called by: cli. Calls: client.http.
"""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from cauce.client.http import HttpClient, decoded

USERS_PATH = "/v3/clusters/-/users"


class User(msgspec.Struct, frozen=True):
    """Someone who may log in."""

    name: str
    has_password: bool
    scram_mechanisms: tuple[str, ...]
    created_at_ms: int


class _List(msgspec.Struct):
    data: list[User]


class Users:
    """The users of one cluster."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self) -> Sequence[User]:
        """Return all users."""
        return decoded(self._http, self._http.get(USERS_PATH), _List).data

    def get(self, name: str) -> User:
        """Return one user."""
        return decoded(self._http, self._http.get(_path(name)), User)

    def create(self, name: str, password: str | None) -> User:
        """Create a user; without a password it logs in with API keys alone."""
        wanted = {"name": name} if password is None else {"name": name, "password": password}
        return decoded(self._http, self._http.send("POST", USERS_PATH, wanted), User)

    def alter(self, name: str, password: str) -> None:
        """Give a user another password."""
        self._http.send("PATCH", _path(name), {"password": password})

    def delete(self, name: str) -> None:
        """Delete a user with all its keys."""
        self._http.send("DELETE", _path(name))


def _path(name: str) -> str:
    return f"{USERS_PATH}/{quote(name, safe='')}"
