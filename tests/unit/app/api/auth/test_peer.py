"""Where requests come from, with and without proxies."""

from ipaddress import ip_network
from typing import Any

import pytest

from app.api.auth.peer import Peer, certificate_shown, host_of, is_loopback, peer_of
from app.api.edge.addresses import ADDRESSES, Addresses
from app.security.tls.client_certificate import CERTIFICATE, ClientCertificate
from tests.support.application import request_scope

BEHIND = Addresses(trusted=[ip_network("10.0.0.0/8"), ip_network("127.0.0.1")])


def asked(client: str | None, addresses: Addresses | None = None, **headers: str) -> Any:
    scope = request_scope("GET", "/", **headers)
    scope["client"] = None if client is None else (client, 1)
    if addresses is not None:
        scope[ADDRESSES] = addresses
    return scope


@pytest.mark.parametrize(
    ("client", "scheme", "peer"),
    [
        ("192.0.2.1", "http", Peer("192.0.2.1", False)),
        ("192.0.2.1", "https", Peer("192.0.2.1", True)),
        ("192.0.2.1", "wss", Peer("192.0.2.1", True)),
        ("127.0.0.9", "http", Peer("127.0.0.9", True)),
        (None, "http", Peer("", False)),
    ],
)
def test_without_proxies_the_connection_says_it_all(
    client: str | None, scheme: str, peer: Peer
) -> None:
    scope = asked(client, x_forwarded_for="127.0.0.1", x_forwarded_proto="https")
    scope["scheme"] = scheme

    assert peer_of(scope) == peer
    assert host_of(scope) == peer.host


@pytest.mark.parametrize(
    ("client", "headers", "peer"),
    [
        ("10.0.0.1", {"x_forwarded_for": "192.0.2.1"}, Peer("192.0.2.1", False)),
        (
            "10.0.0.1",
            {"x_forwarded_for": "127.0.0.1, 192.0.2.1", "x_forwarded_proto": "https"},
            Peer("192.0.2.1", True),
        ),
        ("127.0.0.1", {"x_forwarded_for": "192.0.2.1"}, Peer("192.0.2.1", False)),
        (
            "127.0.0.1",
            {"x_forwarded_for": "192.0.2.1", "x_forwarded_proto": "http"},
            Peer("192.0.2.1", False),
        ),
        (
            "10.0.0.1",
            {"forwarded": 'for="[2001:db8::1]:5";proto=https'},
            Peer("2001:db8::1", True),
        ),
        ("10.0.0.1", {}, Peer("10.0.0.1", False)),
        ("127.0.0.1", {}, Peer("127.0.0.1", True)),
        ("192.0.2.9", {"x_forwarded_for": "127.0.0.1"}, Peer("192.0.2.9", False)),
    ],
)
def test_proxies_say_who_was_before_them(client: str, headers: dict[str, str], peer: Peer) -> None:
    scope = asked(client, BEHIND, **headers)

    assert peer_of(scope) == peer
    assert host_of(scope) == peer.host


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),
        ({"origin": "https://node.test:1"}, True),
        ({"origin": "https://evil.test"}, False),
        ({"origin": "null"}, False),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
    ],
)
def test_what_a_page_of_another_site_sends_has_no_certificate(
    headers: dict[str, str], is_taken: bool
) -> None:
    scope = asked("192.0.2.1", host="node.test:1", **headers)
    scope[CERTIFICATE] = ClientCertificate("CN=alice", 1)

    assert (certificate_shown(scope) is not None) == is_taken


def test_a_certificate_of_a_proxy_is_none_of_who_asks() -> None:
    scope = asked("10.0.0.1", BEHIND)
    scope[CERTIFICATE] = ClientCertificate("CN=proxy", 1)

    assert certificate_shown(scope) is None
    assert certificate_shown(asked("192.0.2.1", BEHIND)) is None


@pytest.mark.parametrize(
    ("mode", "is_script"),
    [("", False), ("navigate", False), ("cors", True), ("no-cors", True), ("websocket", True)],
)
def test_browsers_say_whether_a_script_asks(mode: str, is_script: bool) -> None:
    headers = {"sec_fetch_mode": mode} if mode else {}

    assert peer_of(asked("127.0.0.1", **headers)).is_script is is_script
