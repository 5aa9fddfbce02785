"""Hosts in access control lists: addresses, networks, everyone's."""

import pytest

from app.security.authorizer.hosts import is_host, matches_host


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("*", "10.0.0.1"),
        ("*", ""),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.0/8", "10.255.0.1"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("fe80::1", "fe80::1%eth0"),
        ("10.0.0.1", "::ffff:10.0.0.1"),
        ("10.0.0.0/24", "::ffff:10.0.0.77"),
        ("2001:db8::/32", "2001:db8:1::5"),
    ],
)
def test_a_client_is_meant(pattern: str, host: str) -> None:
    assert matches_host(pattern, host)


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("10.0.0.1", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.10"),
        ("10.0.0.0/8", "11.0.0.1"),
        ("0.0.0.0/0", "::1"),
        ("::/0", "10.0.0.1"),
        ("10.0.0.1", ""),
        ("10.0.0.0/8", "no address"),
    ],
)
def test_a_client_is_not_meant(pattern: str, host: str) -> None:
    assert not matches_host(pattern, host)


@pytest.mark.parametrize("text", ["*", "127.0.0.1", "::1", "10.0.0.0/8", "2001:db8::/32"])
def test_a_rule_may_name(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1/8", "10.0.0", "10.0.0.0/33", "**"])
def test_a_rule_may_not_name_what_no_client_could_be(text: str) -> None:
    assert not is_host(text)
