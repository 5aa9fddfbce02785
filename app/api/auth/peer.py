"""Peer: where a request comes from, and whether what it says can be read on its way.

Behind trusted proxies (setting ``trusted_proxies``) it is who they say, and the last connection
before them counts: one that a proxy took without TLS is not private because the proxy is near.
Pure. Called by: login. Calls: edge.
Source: W3C Fetch Metadata (``Sec-Fetch-Mode``: browsers set it, pages cannot).
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from app.api.edge.addresses import ADDRESSES, Addresses
from app.api.request_body import Scope, header
from app.security.tls.client_certificate import CERTIFICATE, ClientCertificate

_NOBODY = Addresses()
_OWN_SITES = (b"same-origin", b"none")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end."""

    host: str
    """The address, without the port; nothing if it has none."""

    is_private: bool
    """Whether nobody between can read along: by TLS, or on this machine alone."""

    is_script: bool = False
    """Whether a page's script asks, not a program, nor a person who opens an address."""


def peer_of(scope: Scope) -> Peer:
    """Return where a request comes from."""
    client = scope.get("client")
    host: str = client[0] if client else ""
    is_encrypted = scope.get("scheme") in ("https", "wss")
    addresses: Addresses = scope.get(ADDRESSES, _NOBODY)
    said = addresses.said(scope)
    if said is not None:
        host = said.client or host
        if said.scheme is not None:
            is_encrypted = said.scheme == "https"
    mode = header(scope, b"sec-fetch-mode")
    is_script = mode not in (b"", b"navigate")
    return Peer(host, is_encrypted or is_loopback(host), is_script)


def certificate_shown(scope: Scope) -> ClientCertificate | None:
    """Return the certificate of who asks.

    Not that of a proxy, which asks for somebody else, nor what a browser shows unasked with what
    the page of another site sends.
    """
    certificate: ClientCertificate | None = scope.get(CERTIFICATE)
    addresses: Addresses = scope.get(ADDRESSES, _NOBODY)
    if certificate is None or addresses.is_proxy(scope) or _is_from_another_site(scope):
        return None
    return certificate


def _is_from_another_site(scope: Scope) -> bool:
    site = header(scope, b"sec-fetch-site")
    if site and site not in _OWN_SITES:
        return True
    origin = header(scope, b"origin")
    return bool(origin) and origin != b"https://" + header(scope, b"host")


def host_of(scope: Scope) -> str:
    """Return the address alone, which is soon known where there is no proxy."""
    addresses: Addresses = scope.get(ADDRESSES, _NOBODY)
    if addresses.trusts_somebody:
        return peer_of(scope).host
    client = scope.get("client")
    return client[0] if client else ""


@lru_cache(1024)
def is_loopback(host: str) -> bool:
    """Return whether an address is this machine's own."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
