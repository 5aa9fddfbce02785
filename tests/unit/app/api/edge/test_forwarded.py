from collections.abc import Callable
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.edge.forwarded import (
    CONTRADICTED,
    UNREADABLE,
    Forwarded,
    is_host,
    is_trusted,
    joined_address,
    read_forwarded,
)

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1")]


def headers(**given_headers: str) -> Callable[[bytes], str]:
    """Return what gives these headers; in their names ``_`` stands for ``-``."""
    found = {name.replace("_", "-").encode(): value for name, value in given_headers.items()}
    return lambda name: found.get(name, "")


def test_stranger_is_not_believed() -> None:
    said = read_forwarded(
        headers(x_forwarded_host="evil", forwarded="host=evil;proto=https"), "192.0.2.1", PROXIES
    )

    assert said == Forwarded()


def test_each_header_of_habit_is_believed_from_a_proxy() -> None:
    said = read_forwarded(
        headers(
            x_forwarded_proto="https",
            x_forwarded_host="events.test",
            x_forwarded_port="8443",
            x_forwarded_prefix="/cauce/",
        ),
        "10.1.1.1",
        PROXIES,
    )

    assert said == Forwarded(scheme="https", host="events.test", port="8443", prefix="/cauce")


@pytest.mark.parametrize(
    ("senders", "host"),
    [
        ("192.0.2.7", "inner"),
        ("192.0.2.7, 10.0.0.9", "outer"),
        ("10.0.0.8, 192.0.2.7, 10.0.0.9:4711", "outer"),
        ("10.0.0.8, 10.0.0.9", "told"),
        ("", "inner"),
    ],
)
def test_entries_are_believed_as_far_as_proxies_wrote_them(senders: str, host: str) -> None:
    said = read_forwarded(
        headers(x_forwarded_for=senders, x_forwarded_host="told, outer, inner"), "::1", PROXIES
    )

    assert said.host == host


def test_single_entry_counts_however_many_proxies_there_are() -> None:
    said = read_forwarded(
        headers(x_forwarded_for="192.0.2.7, 10.0.0.9", x_forwarded_proto="https"), "::1", PROXIES
    )

    assert said.scheme == "https"


@pytest.mark.parametrize(
    ("text", "scheme", "host"),
    [
        ("proto=https;host=a.test", "https", "a.test"),
        ('for="[2001:db8::1]:80";Proto=HTTPS;Host="a.test:8443"', "https", "a.test:8443"),
        ("host=evil, for=192.0.2.1;host=a.test", None, "a.test"),
        ("for=192.0.2.1;host=a.test;proto=https, for=10.0.0.9", "https", "a.test"),
        ("for=192.0.2.1;host=a.test, for=10.0.0.9;host=b.test", None, "a.test"),
        ("host=evil, for=unknown;host=a.test", None, "a.test"),
        ('host="a\\.test"', None, "a.test"),
        ('host="a.test', None, None),
        ("nonsense", None, None),
        ("proto=ftp;host=a/b", None, None),
    ],
)
def test_forwarded_is_read_as_the_standard_says(
    text: str, scheme: str | None, host: str | None
) -> None:
    said = read_forwarded(headers(forwarded=text), "10.0.0.1", PROXIES)

    assert (said.scheme, said.host) == (scheme, host)


@pytest.mark.parametrize(
    ("senders", "forwarded", "problem"),
    [
        ("192.0.2.7", "for=192.0.2.7;proto=https", None),
        ("192.0.2.7", "for=192.0.2.9, for=192.0.2.7", None),
        ("192.0.2.9, 192.0.2.7, 10.0.0.9", 'for=192.0.2.7, for="10.0.0.9:80"', None),
        ("192.0.2.7", "proto=https", None),
        ("192.0.2.7", "for=unknown", None),
        ("", "for=192.0.2.9", None),
        ("192.0.2.7", "", None),
        ("192.0.2.7", "for=192.0.2.9", CONTRADICTED),
        ("192.0.2.7", "for=10.0.0.9", CONTRADICTED),
        ("192.0.2.7", "for=192.0.2.9, for=10.0.0.9", CONTRADICTED),
        ("", 'for="192.0.2.9, for=192.0.2.7', UNREADABLE),
        ("192.0.2.7", "?", UNREADABLE),
    ],
)
def test_client_that_is_said_in_two_ways_is_one_or_a_problem(
    senders: str, forwarded: str, problem: str | None
) -> None:
    said = headers(x_forwarded_for=senders, forwarded=forwarded)

    assert read_forwarded(said, "10.0.0.1", PROXIES).problem == problem
    assert read_forwarded(said, "192.0.2.1", PROXIES).problem is None


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_scheme_of_a_websocket_is_that_of_its_handshake(scheme: str) -> None:
    said = read_forwarded(headers(x_forwarded_proto=scheme), "10.0.0.1", PROXIES)

    assert said.scheme == scheme.replace("ws", "http")


@pytest.mark.parametrize(
    "bad",
    [
        {"x_forwarded_host": "a b"},
        {"x_forwarded_host": "a/../b"},
        {"x_forwarded_host": 'a">'},
        {"x_forwarded_port": "0"},
        {"x_forwarded_port": "65536"},
        {"x_forwarded_port": "9" * 5_000},
        {"x_forwarded_port": "-1"},
        {"x_forwarded_prefix": "//evil.test"},
        {"x_forwarded_prefix": "no-slash"},
        {"x_forwarded_prefix": "/a b"},
        {"x_forwarded_proto": "gopher"},
    ],
)
def test_what_does_not_look_like_it_is_passed_over(bad: dict[str, str]) -> None:
    assert read_forwarded(headers(**bad), "10.0.0.1", PROXIES) == Forwarded()


@given(
    texts=st.dictionaries(
        st.sampled_from(["forwarded", "x_forwarded_for", "x_forwarded_host", "x_forwarded_prefix"]),
        st.text(),
    )
)
def test_whatever_a_proxy_says_it_can_stand_in_a_link(texts: dict[str, str]) -> None:
    said = read_forwarded(headers(**texts), "10.0.0.1", PROXIES)

    address = joined_address(said.scheme or "http", said.host or "h", said.port)
    assert not set(address + (said.prefix or "")) & set(' "<>\\^`{}|\r\n\t')


@pytest.mark.parametrize(
    ("sender", "trusted"),
    [
        ("10.0.0.1", True),
        ("10.0.0.1:80", True),
        ("::ffff:10.0.0.1", True),
        ("[::1]:80", True),
        ("[::1]", True),
        ("11.0.0.1", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_sender_is_trusted_by_its_address(sender: str, *, trusted: bool) -> None:
    assert is_trusted(sender, PROXIES) is trusted


@pytest.mark.parametrize(
    ("text", "good"), [("a.test", True), ("[::1]:8", True), ("a:b", False), ("", False)]
)
def test_host_is_a_name_or_an_address(text: str, *, good: bool) -> None:
    assert is_host(text) is good


@pytest.mark.parametrize(
    ("scheme", "host", "port", "joined"),
    [
        ("https", "a", "443", "a"),
        ("https", "a:443", None, "a"),
        ("https", "a", "80", "a:80"),
        ("http", "a:8", "9", "a:8"),
        ("http", "[::1]", None, "[::1]"),
    ],
)
def test_port_stands_in_an_address_unless_the_scheme_means_it(
    scheme: str, host: str, port: str | None, joined: str
) -> None:
    assert joined_address(scheme, host, port) == joined


@pytest.mark.parametrize(
    ("given_headers", "client"),
    [
        ({"x_forwarded_for": "192.0.2.7"}, "192.0.2.7"),
        ({"x_forwarded_for": "1.2.3.4, 192.0.2.7:99, 10.0.0.9"}, "192.0.2.7"),
        ({"x_forwarded_for": "10.0.0.8, 10.0.0.9"}, "10.0.0.8"),
        ({"x_forwarded_for": "1.2.3.4, unknown"}, None),
        ({"forwarded": 'for=1.2.3.4, for="[2001:db8::1]:5"'}, "2001:db8::1"),
        ({"forwarded": "for=1.2.3.4, for=192.0.2.7, for=10.0.0.9"}, "192.0.2.7"),
        ({"forwarded": "for=_hidden"}, None),
        ({"forwarded": "proto=https"}, None),
    ],
)
def test_client_is_who_the_last_stranger_is(
    given_headers: dict[str, str], client: str | None
) -> None:
    assert read_forwarded(headers(**given_headers), "10.1.1.1", PROXIES).client == client
