from ipaddress import ip_network

import pytest

from app.api.edge.addresses import ADDRESSES, Addresses, base_url, this_url
from app.api.request_body import Scope
from tests.support.application import request_scope

TRUSTING = Addresses(trusted=[ip_network("10.0.0.1")])


def asked(addresses: Addresses | None = None, peer: str = "10.0.0.1", **headers: str) -> Scope:
    scope = request_scope("GET", "/a b", **headers)
    scope |= {"client": (peer, 5), "server": ("::1", 8082)}
    if addresses is not None:
        scope[ADDRESSES] = addresses
    return scope


def test_links_begin_with_what_was_asked_for() -> None:
    assert base_url(asked(host="here:8082")) == "http://here:8082"
    assert this_url(asked(host="here")) == "http://here/a%20b"


@pytest.mark.parametrize("host", ["", 'x">', "a b", "x/y"])
def test_host_of_no_use_is_replaced_by_where_the_request_came_to(host: str) -> None:
    assert base_url(asked(host=host)) == "http://[::1]:8082"


def test_there_is_always_some_address() -> None:
    scope = asked()
    assert base_url({**scope, "server": None}) == "http://localhost"
    assert base_url({**scope, "server": ("127.0.0.1", None)}) == "http://127.0.0.1"


def test_public_url_goes_before_everything() -> None:
    addresses = Addresses("https://p.test/x//", [ip_network("10.0.0.1")])

    assert base_url(asked(addresses, host="h", x_forwarded_host="f")) == "https://p.test/x"
    assert Addresses("/").public_url is None


def test_proxy_is_believed_when_it_is_trusted() -> None:
    headers = {
        "host": "inner:8082",
        "x_forwarded_host": "f.test",
        "x_forwarded_proto": "https",
        "x_forwarded_prefix": "/p",
    }

    assert base_url(asked(TRUSTING, **headers)) == "https://f.test/p"
    assert this_url(asked(TRUSTING, **headers)) == "https://f.test/p/a%20b"
    assert base_url(asked(TRUSTING, peer="10.0.0.2", **headers)) == "http://inner:8082"
    assert base_url(asked(**headers)) == "http://inner:8082"
    assert base_url({**asked(TRUSTING, **headers), "client": None}) == "http://inner:8082"


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("h:1", "2", "http://h:2"),
        ("h", "2", "http://h:2"),
        ("[::1]", "2", "http://[::1]:2"),
        ("h:1", "80", "http://h"),
    ],
)
def test_port_alone_replaces_that_of_the_host(host: str, port: str, url: str) -> None:
    assert base_url(asked(TRUSTING, host=host, x_forwarded_port=port)) == url


def test_header_on_two_lines_is_one_list() -> None:
    scope = asked(TRUSTING, host="h")
    scope["headers"] += [(b"x-forwarded-host", b"evil"), (b"x-forwarded-host", b"f.test")]

    assert base_url(scope) == "http://f.test"


def test_proxies_are_asked_only_where_there_are_some() -> None:
    said = TRUSTING.said(asked(x_forwarded_for="192.0.2.7"))

    assert TRUSTING.trusts_somebody
    assert said is not None
    assert said.client == "192.0.2.7"
    assert Addresses().said(asked(x_forwarded_for="192.0.2.7")) is None
    assert not Addresses().trusts_somebody
