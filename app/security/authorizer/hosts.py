"""Hosts in access control lists: an address, a network, or everyone's.

Kafka knows addresses and ``*``; a network (``10.0.0.0/8``) is ours. Addresses are compared by what
they are, not by how they are written: ``::1`` is ``0:0:0:0:0:0:0:1``, and an IPv4 client that came
in over an IPv6 socket (``::ffff:10.0.0.1``) is ``10.0.0.1``.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

EVERY_HOST = "*"

_Address = IPv4Address | IPv6Address


def is_host(text: str) -> bool:
    """Return whether an access control list may name this host."""
    return text == EVERY_HOST or _network(text) is not None


@lru_cache(maxsize=4096)
def matches_host(pattern: str, host: str) -> bool:
    """Return whether a client at this address is meant."""
    if pattern in (EVERY_HOST, host):
        return True
    network, address = _network(pattern), _address(host)
    return (
        network is not None
        and address is not None
        and network.version == address.version
        and address in network
    )


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    if "/" not in text:
        address = _address(text)
        return None if address is None else ip_network(address)
    try:
        return ip_network(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _address(text: str) -> _Address | None:
    try:
        address = ip_address(text.partition("%")[0])  # an IPv6 scope names an interface of ours
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
