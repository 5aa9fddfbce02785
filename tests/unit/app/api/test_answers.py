import json

import pytest

from app.api.answers import answering_errors, send_answer, send_error
from app.api.errors import ApiError
from app.api.request_body import ClientLeft
from app.broker.errors import KafkaStorageError, LogDirFull, NotLeaderOrFollower, OffsetOutOfRange
from tests.support.application import Exchange


@pytest.fixture
def exchange() -> Exchange:
    return Exchange([])


async def raising(error: Exception) -> None:
    raise error


async def test_send_answer_sends_a_head_with_type_and_length_then_the_body(
    exchange: Exchange,
) -> None:
    headers = [(b"link", b"<next>")]

    await send_answer(exchange.send, 207, b"body", content_type=b"text/plain", headers=headers)

    assert exchange.sent == [
        {
            "type": "http.response.start",
            "status": 207,
            "headers": [
                (b"content-type", b"text/plain"),
                (b"content-length", b"4"),
                (b"link", b"<next>"),
            ],
        },
        {"type": "http.response.body", "body": b"body"},
    ]


async def test_send_error_has_the_one_shape_and_the_headers_of_its_status(
    exchange: Exchange,
) -> None:
    await send_error(exchange.send, 503, 50302, 'not "ready"')

    assert exchange.status == 503
    assert exchange.headers[b"retry-after"] == b"1"
    assert exchange.headers[b"content-type"] == b"application/json"
    assert json.loads(exchange.body) == {"error_code": 50302, "message": 'not "ready"'}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ApiError(406, 406, "no"), 406, 406),
        (OffsetOutOfRange("no"), 416, 41601),
        (NotLeaderOrFollower("no"), 503, 50003),
        (KafkaStorageError("no"), 500, 50003),
        (LogDirFull("no"), 507, 50003),
    ],
)
async def test_answering_errors_words_refusals_of_the_door_and_of_the_verbs(
    exchange: Exchange, error: Exception, status: int, code: int
) -> None:
    await answering_errors(exchange.send, raising(error))

    assert exchange.status == status
    assert json.loads(exchange.body) == {"error_code": code, "message": "no"}


async def test_answering_errors_says_nothing_to_a_client_that_left(exchange: Exchange) -> None:
    await answering_errors(exchange.send, raising(ClientLeft()))

    assert exchange.sent == []


async def test_answering_errors_lets_a_mistake_of_ours_pass(exchange: Exchange) -> None:
    with pytest.raises(ZeroDivisionError):
        await answering_errors(exchange.send, raising(ZeroDivisionError()))

    assert exchange.sent == []
