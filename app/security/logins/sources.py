"""Sources: what counts as one address where strangers are counted.

Whoever has one address of IPv6 has the network of it, 2^64 addresses at least, and may use another
for each connection. So these count as one; addresses of IPv4 count by themselves, however they are
written.
Pure. Called by: failed_logins, passwords, api.auth.strangers. Calls: nothing.
Source: RFC 4291, 2.5.1 (an interface's part has 64 bits); RFC 6177.
"""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

NETWORK_BITS = 64


@lru_cache(4096)
def source_of(host: str) -> str:
    """Return what a peer's address counts as; what is no address counts as it is."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, NETWORK_BITS), strict=False))
