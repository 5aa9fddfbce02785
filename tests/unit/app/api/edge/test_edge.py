import pytest

from app.api.answers import Send, send_answer
from app.api.edge.addresses import Addresses, base_url
from app.api.edge.compression import Compression
from app.api.edge.cors import Cors, CorsRules
from app.api.edge.edge import Edge
from app.api.request_body import Receive, Scope
from tests.support.application import Exchange, request_scope

BODY = b'{"a":1}' * 1000


async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send_answer(send, 200, BODY)


async def passed(edge: Edge, method: str = "GET", **headers: str) -> Exchange:
    exchange = Exchange([])
    scope = request_scope(method, "/", **headers)
    await edge.pass_through(scope, exchange.receive, exchange.send, answer)
    return exchange


async def test_answer_is_what_it_was_when_nothing_is_on() -> None:
    exchange = await passed(Edge(), accept_encoding="gzip", origin="https://a.test")

    assert exchange.body == BODY
    assert exchange.headers.keys() == {b"content-type", b"content-length"}


async def test_answer_is_compressed_for_those_who_take_it() -> None:
    edge = Edge(compression=Compression())

    assert (await passed(edge, accept_encoding="gzip")).headers[b"content-encoding"] == b"gzip"
    for headers in ({}, {"accept_encoding": "br"}):
        assert (await passed(edge, **headers)).body == BODY
    assert b"content-encoding" not in (await passed(edge, "HEAD", accept_encoding="gzip")).headers
    edge.close()


async def test_place_of_a_stream_is_given_back_when_its_handler_fails() -> None:
    compression = Compression()
    edge = Edge(compression=compression)

    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise ZeroDivisionError

    exchange = Exchange([])
    scope = request_scope("GET", "/", accept_encoding="gzip")
    with pytest.raises(ZeroDivisionError):
        await edge.pass_through(scope, exchange.receive, exchange.send, broken)

    assert compression._streams == 0
    edge.close()


async def test_preflight_is_answered_and_other_answers_get_the_headers() -> None:
    edge = Edge(cors=Cors(CorsRules(origins=["*"])), compression=Compression())
    headers = {"origin": "https://a.test", "access_control_request_method": "GET"}

    preflight = await passed(edge, "OPTIONS", **headers)
    compressed = await passed(edge, accept_encoding="zstd", **headers)

    assert preflight.status == 204
    assert compressed.headers[b"access-control-allow-origin"] == b"*"
    assert compressed.headers[b"content-encoding"] == b"zstd"
    edge.close()


async def test_those_who_answer_know_the_address() -> None:
    seen = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(base_url(scope))
        await answer(scope, receive, send)

    exchange = Exchange([])
    edge = Edge(Addresses("https://p.test"))
    await edge.pass_through(request_scope("GET", "/"), exchange.receive, exchange.send, noting)

    assert seen == ["https://p.test"]
