import json
from typing import Any

import pytest

from app.api.edge.cors import EXPOSED, Cors, CorsRules
from tests.support.application import TOPICS, Exchange, request_scope, running_application

PAGE = "https://app.test"


def cors(*origins: str, **rules: Any) -> Cors:
    return Cors(CorsRules(origins=origins, **rules))


async def preflight(one: Cors, **headers: str) -> Exchange:
    given = {"origin": PAGE, "access_control_request_method": "POST", **headers}
    scope = request_scope("OPTIONS", "/", **given)
    assert one.is_preflight(scope)
    exchange = Exchange([])
    await one.answer_preflight(scope, exchange.send)
    return exchange


async def answered(one: Cors, **headers: str) -> list[tuple[bytes, bytes]]:
    """Return the headers that are put on an answer."""
    exchange = Exchange([])
    send = one.sender(request_scope("GET", "/", **headers), exchange.send)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"vary", b"x")]})
    await send({"type": "http.response.body", "body": b"as it was"})
    assert exchange.body == b"as it was"
    assert exchange.sent[0]["headers"][0] == (b"vary", b"x")
    return list(exchange.sent[0]["headers"][1:])


@pytest.mark.parametrize(
    ("named", "origin", "allowed"),
    [
        (PAGE, PAGE, True),
        (PAGE, "https://app.test:8443", False),
        (PAGE, "http://app.test", False),
        (PAGE, "https://app.test.evil.test", False),
        ("*", "https://anything", True),
        ("https://*.app.test", "https://a.b.app.test", True),
        ("https://*.app.test", "https://app.test", False),
        ("https://*.app.test", "https://.app.test", False),
        ("https://*.app.test", "https://evil.test/.app.test", False),
        ("https://*.app.test", "https://evilapp.test", False),
        ("https://*.app.test:8443", "https://a.app.test:8443", True),
        ("null", "null", True),
        (PAGE, "null", False),
    ],
)
def test_origin_is_allowed_as_it_is_named(named: str, origin: str, *, allowed: bool) -> None:
    assert cors(named).allows(origin) is allowed


async def test_preflight_is_answered_with_what_is_allowed() -> None:
    exchange = await preflight(cors(PAGE), access_control_request_headers="content-type, x-y")

    assert (exchange.status, exchange.body) == (204, b"")
    assert exchange.headers == {
        b"access-control-allow-origin": b"https://app.test",
        b"access-control-allow-methods": b"DELETE, GET, HEAD, PATCH, POST, PUT",
        b"access-control-allow-headers": b"content-type, x-y",
        b"access-control-max-age": b"600",
        b"vary": b"origin, access-control-request-method, access-control-request-headers",
    }


async def test_preflight_follows_the_settings() -> None:
    one = cors(PAGE, methods=["POST"], headers=["X-Y"], credentials=True, max_age_seconds=5)
    exchange = await preflight(one, access_control_request_headers="x-y")

    assert exchange.headers[b"access-control-allow-methods"] == b"POST"
    assert exchange.headers[b"access-control-allow-headers"] == b"X-Y"
    assert exchange.headers[b"access-control-allow-credentials"] == b"true"
    assert exchange.headers[b"access-control-max-age"] == b"5"


@pytest.mark.parametrize(
    ("headers", "setting"),
    [
        ({"origin": "https://evil.test"}, "cors_allowed_origins"),
        ({"access_control_request_method": "PUT"}, "cors_allowed_methods"),
        ({"access_control_request_headers": "x-y, x-z"}, "cors_allowed_headers"),
        ({"access_control_request_headers": "x\x01"}, "do not read"),
    ],
)
async def test_preflight_says_what_is_not_allowed(headers: dict[str, str], setting: str) -> None:
    exchange = await preflight(cors(PAGE, methods=["POST"], headers=["x-y"]), **headers)

    assert exchange.status == 403
    assert json.loads(exchange.body)["error_code"] == 403
    assert setting in json.loads(exchange.body)["message"]
    assert b"access-control-allow-origin" not in exchange.headers


async def test_options_without_the_question_is_no_preflight() -> None:
    assert not cors(PAGE).is_preflight(request_scope("OPTIONS", "/", origin=PAGE))
    assert not cors(PAGE).is_preflight(
        request_scope("OPTIONS", "/", access_control_request_method="GET")
    )
    assert not cors(PAGE).is_preflight(
        request_scope("GET", "/", origin=PAGE, access_control_request_method="GET")
    )


async def test_answer_says_who_may_read_it_and_what() -> None:
    exposed = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())

    assert await answered(cors("*"), origin=PAGE) == [
        (b"access-control-allow-origin", b"*"),
        exposed,
    ]
    assert await answered(cors(PAGE, credentials=True), origin=PAGE) == [
        (b"vary", b"origin"),
        (b"access-control-allow-origin", PAGE.encode()),
        (b"access-control-allow-credentials", b"true"),
        exposed,
    ]
    assert await answered(cors(PAGE), origin="https://evil.test") == [(b"vary", b"origin")]
    assert await answered(cors(PAGE)) == [(b"vary", b"origin")]
    assert await answered(cors("*")) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", TOPICS, 200),
        ("GET", f"{TOPICS}/t/records", 200),
        ("POST", f"{TOPICS}/t/records", 200),
        ("GET", f"{TOPICS}/none/records", 404),
        ("GET", "/nowhere", 404),
        ("PATCH", TOPICS, 405),
    ],
)
async def test_every_answer_has_the_headers(
    tmp_path_factory: pytest.TempPathFactory, method: str, path: str, status: int
) -> None:
    directory = tmp_path_factory.mktemp("cors")
    async with running_application(directory, cors_allowed_origins=(PAGE,)) as one:
        await one.create_topic("t")
        headers = {"origin": PAGE, "content-type": "application/json"}

        answer = await one.client.request(
            method, path, headers=headers, content=b'{"value":{"type":"JSON","data":1}}'
        )
        asked = await one.client.options(
            path, headers={"origin": PAGE, "access-control-request-method": method}
        )

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, PAGE)


async def test_it_is_off_unless_origins_are_named(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with running_application(tmp_path_factory.mktemp("off")) as one:
        answer = await one.client.get(TOPICS, headers={"origin": PAGE})
        asked = await one.client.options(
            TOPICS, headers={"origin": PAGE, "access-control-request-method": "GET"}
        )

    assert "access-control-allow-origin" not in answer.headers
    assert (answer.status_code, asked.status_code) == (403, 403)


def test_every_header_of_ours_is_exposed() -> None:
    """The document says which headers answers have."""
    from app.api.openapi_export import document

    declared = {
        name
        for operations in document()["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for name in response.get("headers", {})
    }

    assert declared >= {"Link", "Cauce-Next-Offset"}
    assert declared <= set(EXPOSED)
