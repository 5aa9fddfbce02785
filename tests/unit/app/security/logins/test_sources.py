"""Sources: which addresses count as one."""

import pytest

from app.security.logins.sources import source_of


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("a.host", "a.host"),
    ],
)
def test_network_of_an_ipv6_address_counts_and_an_ipv4_address_by_itself(
    host: str, source: str
) -> None:
    assert source_of(host) == source
