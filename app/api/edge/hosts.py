"""Hosts: the names that an open node answers to.

A page may have its own name resolve to this machine once it was loaded (DNS rebinding). Its browser
then takes this node for the page's own server: CORS, Origin and cookies protect nothing, and an
open node asks nobody who it is. What gives such a page away is the name, which is in the Host
header, and which no page can choose. Addresses are nobody's to rebind.

Called by: front. Calls: nothing.
Source: RFC 9110, 7.2 and 15.5.20 (421); RFC 6761, 6.3 (``localhost``); Django's ``ALLOWED_HOSTS``.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from app.api.request_body import Scope

SEEN_MAX = 1_000
HOST_BYTES_MAX = 253 + len(".:65535")
"""A longer one names nothing (RFC 1035, 2.3.4), and is neither looked into nor remembered."""

MISDIRECTED = (
    "Misdirected Request: this node answers to localhost, to addresses and to names it was told "
    "(setting allowed_hosts), not to {name}"
)


class Hosts:
    """Tells whether a request is for this node."""

    def __init__(self, names: Iterable[str]) -> None:
        """Answer to these names beside addresses and ``localhost``.

        Args:
            names: Without ports; ``*`` for any, ``.example.org`` for that name and all below it.
        """
        self._names = frozenset(name.lower() for name in names)
        self._seen: dict[bytes, bool] = {}

    def welcomes(self, scope: Scope) -> bool:
        """Return whether a request calls the node by one of its names; one without Host does."""
        for name, value in scope["headers"]:
            if name == b"host":
                if len(value) > HOST_BYTES_MAX:
                    return "*" in self._names
                known = self._seen.get(value)
                if known is None:
                    known = self._judge(value)
                return known
        return True

    def _judge(self, value: bytes) -> bool:
        if len(self._seen) >= SEEN_MAX:
            self._seen.clear()
        known = self._seen[value] = self._is_ours(host_name(value.decode("latin-1")))
        return known

    def _is_ours(self, name: str) -> bool:
        if _is_address(name) or name == "localhost" or name.endswith(".localhost"):
            return True
        if name in self._names or "*" in self._names:
            return True
        parts = name.split(".")
        return any("." + ".".join(parts[at:]) in self._names for at in range(len(parts)))


def host_name(host: str) -> str:
    """Return the name in a Host header: no port, no brackets, no dot at its end."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


def refusal(scope: Scope) -> str:
    """Return what to say to who calls the node by another name."""
    shown = next(value for name, value in scope["headers"] if name == b"host")
    return MISDIRECTED.format(name=repr(host_name(shown.decode("latin-1"))[:100]))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
