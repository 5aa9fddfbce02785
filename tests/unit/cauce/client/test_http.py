from collections.abc import Iterator

import httpx
import pytest

from cauce.client.errors import (
    AnswerLost,
    Refused,
    ServerUnreachable,
    UnexpectedAnswer,
)
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import refusal


def client(*answers: httpx.Response | Exception) -> tuple[HttpClient, list[httpx.Request]]:
    """A client whose requests get these answers in turn."""
    waiting = list(answers)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return HttpClient("http://server:1", transport=httpx.MockTransport(answer)), seen


class BrokenBody(httpx.SyncByteStream):
    """Some bytes, then a lost connection."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        raise httpx.ReadError("connection reset by peer")


def test_get_returns_the_body() -> None:
    http, seen = client(httpx.Response(200, content=b"{}"))

    assert http.get("/v3/x", {"a": 1}) == b"{}"
    assert str(seen[0].url) == "http://server:1/v3/x?a=1"


def test_get_asks_once_more_when_the_connection_broke() -> None:
    http, seen = client(httpx.ReadError("reset"), httpx.Response(200, content=b"there"))

    assert http.get("/v3/x") == b"there"
    assert len(seen) == 2


def test_get_gives_up_when_the_connection_broke_twice() -> None:
    http, _ = client(httpx.ReadError("reset"), httpx.RemoteProtocolError("gone"))

    with pytest.raises(AnswerLost, match="gone"):
        http.get("/v3/x")


def test_send_never_asks_twice() -> None:
    http, seen = client(httpx.ReadError("reset"), httpx.Response(200))

    with pytest.raises(AnswerLost):
        http.send("POST", "/v3/x", {})
    assert len(seen) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ConnectTimeout])
def test_send_tells_an_unreachable_server_from_a_lost_answer(
    failure: type[httpx.TransportError],
) -> None:
    http, _ = client(failure("connection refused"))

    with pytest.raises(ServerUnreachable, match="http://server:1"):
        http.send("DELETE", "/v3/x")


@pytest.mark.parametrize(
    ("status", "told", "wait_s"),
    [(429, "7", 7.0), (429, "Fri, 27 Nov 2026", None), (503, "7", None), (429, "9" * 400, 999_999)],
)
def test_a_refusal_says_when_the_same_may_be_asked_again(
    status: int, told: str, wait_s: float | None
) -> None:
    body = {"error_code": 42901, "message": "too much"}
    http, _ = client(httpx.Response(status, json=body, headers={"Retry-After": told}))

    with pytest.raises(Refused) as raised:
        http.send("POST", "/v3/x")
    assert raised.value.retry_after_s == wait_s


def test_a_server_that_hangs_up_without_a_word_may_speak_tls() -> None:
    http, _ = client(httpx.RemoteProtocolError("Server disconnected without sending a response."))

    with pytest.raises(AnswerLost, match="if it speaks TLS, say https://"):
        http.send("DELETE", "/v3/x")


def test_send_raises_the_refusal_with_its_code() -> None:
    http, _ = client(refusal(404, 40403, "no such topic"))

    with pytest.raises(Refused, match=r"no such topic \(error 40403\)") as raised:
        http.send("DELETE", "/v3/x")
    assert (raised.value.status, raised.value.error_code) == (404, 40403)


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b'{"detail":"Not Found"}', b'{"error_code":"x","message":1}', b"\xff"]
)
def test_send_says_so_when_something_else_answers(body: bytes) -> None:
    http, _ = client(httpx.Response(404, content=body, headers={"Content-Type": "text/html"}))

    with pytest.raises(UnexpectedAnswer, match="HTTP 404, text/html"):
        http.send("DELETE", "/v3/x")


def test_post_for_lines_yields_lines_however_they_are_cut() -> None:
    pieces = iter([b'{"a"', b":1}\r\n{", b'"b":2}\r\n\r\n', b'{"c":3}'])
    http, _ = client(httpx.Response(200, content=pieces))

    lines = list(http.post_for_lines("/v3/x", b"body", "application/x-ndjson"))

    assert lines == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


def test_post_for_lines_keeps_what_came_before_the_connection_broke() -> None:
    http, _ = client(httpx.Response(200, stream=BrokenBody(b"one\r\n", b"tw")))

    lines = http.post_for_lines("/v3/x", b"body", "application/x-ndjson")

    assert next(lines) == b"one"
    with pytest.raises(AnswerLost):
        next(lines)


def test_post_for_lines_raises_the_refusal_of_the_request() -> None:
    http, _ = client(refusal(415, 415, "HTTP 415 Unsupported Media Type"))

    with pytest.raises(Refused, match="415"):
        list(http.post_for_lines("/v3/x", b"", "text/plain"))


def test_every_request_shows_the_login_it_was_made_with() -> None:
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(200, text="{}")

    transport = httpx.MockTransport(answer)
    HttpClient(transport=transport).get("/")
    key = HttpClient("http://server:1", transport=transport, api_key="cauce_1_x")
    key.get("/")
    list(key.post_for_lines("/", b"", "text/plain"))
    HttpClient(transport=transport, basic=("u", "p")).send("POST", "/")

    assert seen == [None, "Bearer cauce_1_x", "Bearer cauce_1_x", "Basic dTpw"]


def test_no_login_follows_a_redirect() -> None:
    away = httpx.Response(307, headers={"Location": "http://elsewhere/"}, json={})
    http, seen = client(away)

    with pytest.raises(UnexpectedAnswer):
        http.get("/")

    assert len(seen) == 1
