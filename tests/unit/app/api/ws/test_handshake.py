"""The handshake: subprotocols, the five ways to say who one is, and origins."""

import base64

import pytest

from app.api.ws.codec import Subprotocol
from app.api.ws.handshake import (
    NO_CREDENTIALS,
    Credentials,
    Refusal,
    Way,
    check_origin,
    parse_handshake,
)

HOST = (b"host", b"here:8082")


def packed(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("offered", "spoken", "echoed"),
    [
        ([], Subprotocol.JSON, None),
        (["cauce.v1.json"], Subprotocol.JSON, "cauce.v1.json"),
        (["cauce.v1.bin", "cauce.v1.json"], Subprotocol.BINARY, "cauce.v1.bin"),
        (["mqtt", "cauce.v1.json"], Subprotocol.JSON, "cauce.v1.json"),
        (["bearer.YQ", "cauce.v1.bin"], Subprotocol.BINARY, "cauce.v1.bin"),
    ],
)
def test_the_first_subprotocol_that_is_known_is_echoed(
    offered: list[str], spoken: Subprotocol, echoed: str | None
) -> None:
    found = parse_handshake("/v3/ws", b"", [], offered)

    assert (found.subprotocol, found.echoed) == (spoken, echoed)


@pytest.mark.parametrize("offered", [["mqtt"], ["bearer.YQ"], ["cauce.v2.json"]])
def test_no_subprotocol_in_common_is_refused(offered: list[str]) -> None:
    with pytest.raises(Refusal) as raised:
        parse_handshake("/v3/ws", b"", [], offered)

    assert raised.value.status == 400


@pytest.mark.parametrize(
    "path", ["/v3/wsx", "/v3/ws/topics", "/v3/ws/topics/", "/v3/ws/topics/a/b"]
)
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(Refusal) as raised:
        parse_handshake(path, b"", [], [])

    assert raised.value.status == 404


def test_the_shortcut_names_a_topic_and_where_to_begin() -> None:
    found = parse_handshake("/v3/ws/topics/hello", b"from=latest&x=", [], [])

    assert found.topic == "hello"
    assert found.query == {"from": "latest", "x": ""}


@pytest.mark.parametrize(
    ("query", "headers", "offered", "expected"),
    [
        (b"", [], [], NO_CREDENTIALS),
        (
            b"",
            [(b"authorization", b"Bearer abc")],
            [],
            Credentials(way=Way.HEADER, scheme="bearer", token="abc"),
        ),
        (
            b"",
            [(b"authorization", b"Basic YTpi"), (b"cookie", b"cauce_session=c")],
            [],
            Credentials(way=Way.HEADER, scheme="basic", token="YTpi"),
        ),
        (b"ticket=t1", [], [], Credentials(way=Way.TICKET, token="t1")),
        (
            b"",
            [],
            [f"bearer.{packed('a.b.c')}", "cauce.v1.json"],
            Credentials(way=Way.SUBPROTOCOL, scheme="bearer", token="a.b.c"),
        ),
        (
            b"",
            [(b"cookie", b"other=1; cauce_session=xyz")],
            [],
            Credentials(way=Way.COOKIE, token="xyz"),
        ),
        (b"", [(b"cookie", b"a\x00b")], [], NO_CREDENTIALS),
    ],
)
def test_who_a_client_says_it_is(
    query: bytes, headers: list[tuple[bytes, bytes]], offered: list[str], expected: Credentials
) -> None:
    assert parse_handshake("/v3/ws", query, headers, offered).credentials == expected


@pytest.mark.parametrize(
    ("query", "headers", "offered"),
    [
        (b"ticket=", [], []),
        (b"", [(b"authorization", b"Bearer")], []),
        (b"", [(b"authorization", b"Bearer " + b"a" * 20_000)], []),
        (b"", [], ["bearer.*", "cauce.v1.json"]),
        (b"", [], [f"bearer.{base64.urlsafe_b64encode(bytes([255])).decode()}", "cauce.v1.json"]),
    ],
)
def test_credentials_that_are_none_are_refused(
    query: bytes, headers: list[tuple[bytes, bytes]], offered: list[str]
) -> None:
    with pytest.raises(Refusal) as raised:
        parse_handshake("/v3/ws", query, headers, offered)

    assert raised.value.status == 401


def test_a_query_with_too_many_fields_is_refused() -> None:
    with pytest.raises(Refusal):
        parse_handshake("/v3/ws", b"a=1&" * 50, [], [])


@pytest.mark.parametrize(
    ("origins", "base_url", "allowed"),
    [
        ([], "http://here:8082", ""),
        ([b"http://here:8082"], "ws://here:8082", ""),
        ([b"https://here:8082"], "http://here:8082", ""),
        ([b"HTTP://Here:8082"], "http://here:8082", ""),
        ([b"https://public.example"], "https://public.example/cauce", ""),
        ([b"https://app.example"], "http://here:8082", "https://app.example"),
        ([b"null"], "http://here:8082", "null"),
    ],
)
def test_an_origin_that_is_ours_or_allowed_is_let_in(
    origins: list[bytes], base_url: str, allowed: str
) -> None:
    check_origin([HOST, *((b"origin", one) for one in origins)], base_url, allowed.__eq__)


@pytest.mark.parametrize(
    "origins",
    [
        [b"https://evil.example"],
        [b"http://here:8083"],
        [b"http://here"],
        [b"null"],
        [b""],
        [b"http://here:8082.evil.example"],
        [b"http://here:8082", b"http://here:8082"],
        [b"https://app.example.evil"],
    ],
)
def test_any_other_origin_is_refused(origins: list[bytes]) -> None:
    headers = [HOST, *((b"origin", origin) for origin in origins)]

    with pytest.raises(Refusal) as raised:
        check_origin(headers, "http://here:8082", "https://app.example".__eq__)

    assert raised.value.status == 403
