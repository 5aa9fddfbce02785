"""Where clients reach this node: what every link and every ``base_uri`` begins with.

The public URL of the settings if there is one; else what trusted proxies say (``forwarded``); else
what the client asked for, as its Host header has it. One function for all doors: ``base_url``.
"""

from collections.abc import Sequence
from urllib.parse import quote

from app.api.edge.forwarded import (
    Forwarded,
    Network,
    is_host,
    is_trusted,
    joined_address,
    read_forwarded,
)
from app.api.request_body import Scope

ADDRESSES = "cauce.addresses"
"""Key of a scope: the ``Addresses`` of the node."""

_UNSAID = "localhost"


class Addresses:
    """Tells what this node is called by those who ask it."""

    def __init__(self, public_url: str | None = None, trusted: Sequence[Network] = ()) -> None:
        """Know the node's own address.

        Args:
            public_url: What links begin with whoever asks, if not None.
            trusted: Networks of the proxies that are believed.
        """
        self.public_url = (public_url or "").rstrip("/") or None
        self._trusted = tuple(trusted)
        self.trusts_somebody = bool(self._trusted)

    def base_url(self, scope: Scope) -> str:
        """Return what links begin with, without a slash at its end."""
        if self.public_url is not None:
            return self.public_url
        scheme: str = scope.get("scheme") or "http"
        host = _lines(scope, b"host")
        if not is_host(host):
            host = _listening(scope)
        said = self.said(scope)
        if said is None:
            return f"{scheme}://{host}"
        scheme = said.scheme or scheme
        if said.host is not None:
            host = joined_address(scheme, said.host, said.port)
        elif said.port is not None:
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            host = joined_address(scheme, name, said.port)
        return f"{scheme}://{host}{said.prefix or ''}"

    def is_proxy(self, scope: Scope) -> bool:
        """Return whether a trusted proxy has the connection that a request came by."""
        client = scope.get("client")
        return bool(self._trusted and client and is_trusted(client[0], self._trusted))

    def said(self, scope: Scope) -> Forwarded | None:
        """Return what trusted proxies say of a request; None if there are none here."""
        if not self._trusted or not scope.get("client"):
            return None
        return read_forwarded(lambda name: _lines(scope, name), scope["client"][0], self._trusted)

    def problem(self, scope: Scope) -> str | None:
        """Return why nobody can say who the client behind a trusted proxy is, if so."""
        said = self.said(scope)
        return None if said is None else said.problem


_AS_ASKED = Addresses()


def base_url(scope: Scope) -> str:
    """Return what links of an answer begin with, without a slash at its end."""
    addresses: Addresses = scope.get(ADDRESSES, _AS_ASKED)
    return addresses.base_url(scope)


def this_url(scope: Scope) -> str:
    """Return the URL of what was asked for, without its query."""
    return f"{base_url(scope)}{quote(scope['path'], safe='/-._~:')}"


def _lines(scope: Scope, name: bytes) -> str:
    """Return all lines of a header, joined by commas."""
    found = [value for header, value in scope["headers"] if header == name]
    return b",".join(found).decode("latin-1")


def _listening(scope: Scope) -> str:
    """Return the address that the request came to, when its Host header is of no use."""
    server = scope.get("server")
    if not server or not server[0]:
        return _UNSAID
    name = f"[{server[0]}]" if ":" in server[0] else server[0]
    return f"{name}:{server[1]}" if server[1] else name
