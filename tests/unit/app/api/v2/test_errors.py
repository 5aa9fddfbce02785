import json

import pytest
from fastapi.exceptions import RequestValidationError

from app.api.errors import ApiError
from app.api.request_body import ClientLeft
from app.api.v2.dialects import DIALECTS
from app.api.v2.errors import answering, worded
from app.broker.errors import CoordinatorLoadInProgress, KafkaStorageError, UnknownTopicOrPartition
from tests.support.application import Exchange

CONFLUENT, STRIMZI = DIALECTS["confluent"], DIALECTS["strimzi"]


@pytest.mark.parametrize(
    ("error", "confluent", "strimzi"),
    [
        (ApiError(404, 40401, "x"), (404, 40401), (404, 404)),
        (ApiError(415, 415, "x"), (415, 415), (415, 415)),
        (UnknownTopicOrPartition("x"), (404, 40403), (404, 404)),
        (CoordinatorLoadInProgress("x"), (503, 50302), (503, 503)),
        (KafkaStorageError("x"), (500, 50003), (503, 503)),
    ],
)
def test_error_has_the_dialect_s_status_and_code(
    error: ApiError, confluent: tuple[int, int], strimzi: tuple[int, int]
) -> None:
    assert worded(error, CONFLUENT) == (*confluent, "x")
    assert worded(error, STRIMZI) == (*strimzi, "x")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"type": "int_parsing", "loc": ("path", "partition_id"), "msg": "no"}, (404, 404)),
        ({"type": "extra_forbidden", "loc": ("body", "more"), "msg": "no"}, (422, 422)),
        ({"type": "json_invalid", "loc": ("body", 1), "msg": "no"}, (400, 400)),
    ],
)
def test_what_a_model_complains_about_is_worded(
    problem: dict[str, object], said: tuple[int, int]
) -> None:
    assert worded(RequestValidationError([problem]), CONFLUENT)[:2] == said


async def raising(error: Exception) -> None:
    raise error


async def test_error_of_a_handler_is_its_answer() -> None:
    exchange = Exchange([])

    await answering(exchange.send, CONFLUENT, raising(CoordinatorLoadInProgress("wait")))

    assert exchange.status == 503
    assert exchange.headers[b"content-type"] == b"application/vnd.kafka.v2+json"
    assert exchange.headers[b"retry-after"] == b"1"
    assert json.loads(exchange.body) == {"error_code": 50302, "message": "wait"}


async def test_nobody_is_answered_who_has_left() -> None:
    exchange = Exchange([])

    await answering(exchange.send, CONFLUENT, raising(ClientLeft()))

    assert exchange.sent == []
