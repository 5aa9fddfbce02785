"""What proxies say of a request: Forwarded (RFC 7239), and the X-Forwarded-* of habit.

A proxy appends to these headers, so they are read from their end, as far as each was appended by
somebody trusted: the peer's address tells who wrote the last entry, that entry's ``for`` who wrote
the one before. What is said beyond that was said by strangers and is passed over, and so is what
does not look like a host, a port, a scheme or a path. Pure: no clock, no I/O.

A trusted proxy must set these headers or take them away; one that sets only some lets a client say
the rest. Most know one of the two ways to say who a client is, and pass the other on unread: where
both are said and differ, a client may have written one, and nobody can tell which. A Forwarded that
does not read says nothing of what a proxy has appended to it. Both are a problem, told as such.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_PAIR = re.compile(r"""\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*([;,]|$)""")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_PREFIX = re.compile(r"(/[\w.~!$&'()*+;=:@%-]+)+", re.ASCII)
UNREADABLE = "the header Forwarded does not read"
CONTRADICTED = (
    "Forwarded and X-Forwarded-For name different clients: a proxy sets both, or takes one away"
)

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_DEFAULT_PORTS = {"http": "80", "https": "443"}

HeaderOf = Callable[[bytes], str]
"""Gives all lines of a header, joined by commas."""


@dataclass(slots=True, kw_only=True)
class Forwarded:
    """What trusted proxies say; None where they say nothing."""

    scheme: str | None = None
    host: str | None = None
    """With its port if they named one."""

    port: str | None = None
    prefix: str | None = None
    client: str | None = None
    """Address that the request comes from, without a port."""

    problem: str | None = None
    """Why nobody can say who the client is; None if it is said, or nobody says anything of it."""


def read_forwarded(header_of: HeaderOf, peer: str, trusted: Sequence[Network]) -> Forwarded:
    """Return what proxies say of a request, as far as they are trusted.

    Args:
        header_of: Gives the request's headers.
        peer: Address that the connection came from.
        trusted: Networks of the trusted proxies.
    """
    said = Forwarded()
    if not is_trusted(peer, trusted):
        return said
    depth = 1
    senders = _entries(header_of(b"x-forwarded-for"))
    while depth <= len(senders) and is_trusted(senders[-depth], trusted):
        depth += 1
    if senders:
        _note(said, "client", senders[-min(depth, len(senders))])
    for name, header in (
        ("scheme", b"x-forwarded-proto"),
        ("host", b"x-forwarded-host"),
        ("port", b"x-forwarded-port"),
        ("prefix", b"x-forwarded-prefix"),
    ):
        entries = _entries(header_of(header))
        if entries:
            _note(said, name, entries[-min(depth, len(entries))])
    sender, by_habit = peer, said.client
    text = header_of(b"forwarded")
    elements = _elements(text)
    for element in reversed(elements):
        if not is_trusted(sender, trusted):
            break
        for name, parameter in (("scheme", "proto"), ("host", "host")):
            if parameter in element:
                _note(said, name, element[parameter])
        sender = element.get("for", "")
        _note(said, "client", sender)
    if text and not elements:
        said.problem = UNREADABLE
    elif by_habit not in (None, said.client):
        said.problem = CONTRADICTED
    return said


def is_trusted(sender: str, trusted: Sequence[Network]) -> bool:
    """Return whether an address, with or without a port, is a trusted proxy's."""
    address = _address(sender)
    return address is not None and any(address in network for network in trusted)


def is_host(text: str) -> bool:
    """Return whether a text is a host name or address, with or without a port."""
    return _HOST.fullmatch(text) is not None


def joined_address(scheme: str, host: str, port: str | None) -> str:
    """Return host and port as they stand in a URL; a port in the host goes before the other."""
    found = _HOST.fullmatch(host)
    assert found is not None, "checked when it was noted"
    name, own_port = found.groups()
    port = own_port or port
    return name if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{name}:{port}"


def _address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",")] if text else []


def _elements(text: str) -> list[dict[str, str]]:
    """Return the parameters of each element of a Forwarded header; none if it does not read."""
    elements: list[dict[str, str]] = [{}]
    position = 0
    while position < len(text):
        found = _PAIR.match(text, position)
        if found is None:
            return []
        name, quoted, plain, end = found.groups()
        value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        elements[-1][name.lower()] = value
        if end == ",":
            elements.append({})
        position = found.end()
    return elements


def _note(said: Forwarded, name: str, value: str) -> None:
    """Keep what is well said."""
    if name == "scheme":
        said.scheme = _SCHEMES.get(value.lower(), said.scheme)
    elif name == "host" and is_host(value):
        said.host = value
    elif name == "port" and value.isascii() and value.isdigit() and 0 < int(value[:6]) <= 65_535:
        said.port = str(int(value))
    elif name == "client" and (address := _address(value)) is not None:
        said.client = str(address)
    elif name == "prefix" and _PREFIX.fullmatch(value.rstrip("/")):
        said.prefix = value.rstrip("/")
