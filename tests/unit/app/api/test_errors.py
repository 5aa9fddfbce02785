from typing import Annotated

import httpx
import msgspec
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict

from app.api.errors import (
    ApiError,
    encode_error,
    extra_headers,
    install_error_handlers,
    status_and_code,
)
from app.broker import errors as broker
from app.broker.errors import BrokerError


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    count: int


def application() -> FastAPI:
    """Return an application whose routes fail in every way there is."""
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/api")
    async def api() -> None:
        raise ApiError(404, 40499, "not here")

    @app.get("/broker")
    async def refused() -> None:
        raise broker.NotLeaderOrFollower("elsewhere")

    @app.get("/ours")
    async def ours() -> None:
        raise ZeroDivisionError("secret")

    @app.get("/query")
    async def query(number: Annotated[int, Query(ge=0)]) -> int:
        return number

    @app.post("/body")
    @app.put("/body")
    async def body(given: Body) -> int:
        return given.count

    return app


@pytest.fixture
def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=application(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://h")


def answer_of(response: httpx.Response) -> tuple[int, int, str]:
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error_code", "message"}
    return response.status_code, response.json()["error_code"], response.json()["message"]


def all_refusals() -> list[type[BrokerError]]:
    return [
        one
        for one in vars(broker).values()
        if isinstance(one, type) and issubclass(one, BrokerError) and one is not BrokerError
    ]


@pytest.mark.parametrize("refusal", all_refusals())
def test_every_refusal_of_a_verb_has_a_status_and_a_code_of_it(refusal: type[BrokerError]) -> None:
    status, code = status_and_code(refusal("why"))

    assert code != 50002, "not in the table"
    assert status in range(400, 600)
    assert status >= 500 if refusal.outcome_unknown else True
    assert code == status or 40000 <= code < 60000


def test_refusal_that_is_not_in_the_table_is_a_mistake_of_ours() -> None:
    assert status_and_code(BrokerError("what")) == (500, 50002)


def test_encoded_error_is_json_whatever_the_message() -> None:
    message = 'a "quoted"\nline, größe, \x00'

    assert msgspec.json.decode(encode_error(7, message)) == {"error_code": 7, "message": message}


@pytest.mark.parametrize(
    ("status", "name"), [(429, "Retry-After"), (503, "Retry-After"), (401, "WWW-Authenticate")]
)
def test_status_that_needs_a_header_has_it(status: int, name: str) -> None:
    assert [*extra_headers(status)] == [name]


def test_other_status_needs_no_header() -> None:
    assert extra_headers(404) == {}


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/api", (404, 40499, "not here")),
        ("GET", "/broker", (503, 50003, "elsewhere")),
        ("GET", "/ours", (500, 50002, "Internal Server Error")),
        ("GET", "/none", (404, 404, "HTTP 404 Not Found")),
        ("DELETE", "/body", (405, 405, "HTTP 405 Method Not Allowed")),
    ],
)
async def test_error_is_answered_in_the_one_shape(
    client: httpx.AsyncClient, method: str, path: str, answer: tuple[int, int, str]
) -> None:
    assert answer_of(await client.request(method, path)) == answer


async def test_405_names_every_method_of_the_path(client: httpx.AsyncClient) -> None:
    response = await client.delete("/body")

    assert response.headers["allow"] == "POST, PUT"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b'{"count":1', (400, 400, "Bad Request: the body is not valid JSON")),
        (b'{"count":1,"more":2}', (422, 422, "Unrecognized field: more")),
        (b"", (422, 422, "Payload error. Request body is empty. Data is required.")),
        (b"{}", (422, 422, "count: Field required")),
        (b'{"count":"12secret"}', (422, 422, "count: Input should be a valid integer")),
    ],
)
async def test_body_that_its_model_refuses_is_worded_without_its_value(
    client: httpx.AsyncClient, sent: bytes, answer: tuple[int, int, str]
) -> None:
    headers = {"content-type": "application/json"}

    assert answer_of(await client.post("/body", content=sent, headers=headers)) == answer


async def test_query_that_its_rule_refuses_is_a_bad_request_naming_the_parameter(
    client: httpx.AsyncClient,
) -> None:
    status, code, message = answer_of(await client.get("/query?number=-987"))

    assert (status, code) == (400, 400)
    assert message.startswith("Bad Request: query parameter number: ")
    assert "987" not in message


async def test_mistake_of_ours_leaves_its_trace_in_the_log_only(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/ours")

    assert "secret" not in response.text
    assert "GET /ours failed" in caplog.text
    assert "ZeroDivisionError: secret" in caplog.text
