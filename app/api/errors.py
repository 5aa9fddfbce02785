"""Errors at the HTTP door: one table from the verbs' refusals to status and code, one shape.

Every error answer is ``{"error_code": int, "message": str}``, whoever raised it: a verb, a
model, the router, uvicorn's parser or a mistake of ours. Input is not repeated in messages that
we do not word ourselves, and a stack trace goes to the log only.
Source: Confluent REST Proxy v3 and its exception mappers; the codes are HTTP's status, or the
status times 100 plus a number.
"""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.broker import errors as broker
from app.broker.errors import BrokerError
from app.consumers import errors as sessions
from app.consumers.filters.record_filter import InvalidFilter

_logger = logging.getLogger(__name__)

JSON_TYPE = "application/json"
V2_TYPE = "application/vnd.kafka.v2+json"
RETRY_AFTER_S = 1
"""What clients are told to wait before they repeat a retriable failure."""

_TABLE: dict[type[BrokerError], tuple[int, int]] = {
    broker.OffsetOutOfRange: (416, 41601),
    broker.CorruptMessage: (400, 40002),
    broker.UnknownTopicOrPartition: (404, 40403),
    broker.NotLeaderOrFollower: (503, 50003),
    broker.RequestTimedOut: (504, 50003),
    broker.MessageTooLarge: (413, 413),
    broker.InvalidTopic: (400, 40002),
    broker.TopicAuthorizationFailed: (403, 40301),
    broker.ClusterAuthorizationFailed: (403, 40301),
    broker.InvalidTimestamp: (400, 40002),
    broker.TopicAlreadyExists: (400, 40002),
    broker.InvalidPartitions: (400, 40002),
    broker.InvalidReplicationFactor: (400, 40002),
    broker.InvalidReplicaAssignment: (400, 40002),
    broker.InvalidConfig: (400, 40002),
    broker.InvalidRequest: (400, 40002),
    broker.PolicyViolation: (400, 40002),
    broker.KafkaStorageError: (500, 50003),
    broker.LogDirFull: (507, 50003),
    broker.TooManyOpenFiles: (503, 50003),
    broker.AuditUnavailable: (503, 50003),
    broker.UnsupportedCompressionType: (422, 42207),
    broker.InvalidRecord: (400, 40002),
    broker.OutOfOrderSequenceNumber: (400, 40002),
    broker.InvalidProducerEpoch: (400, 40002),
    broker.InvalidTxnState: (400, 40002),
    broker.InvalidRequiredAcks: (400, 40002),
    broker.UnsupportedVersion: (400, 40002),
    broker.IllegalSaslState: (400, 40002),
    broker.UnsupportedSaslMechanism: (400, 40002),
    broker.SaslAuthenticationFailed: (401, 40101),
    broker.FencedLeaderEpoch: (503, 50003),
    broker.UnknownLeaderEpoch: (503, 50003),
    broker.UnknownTopicId: (404, 40403),
    broker.CoordinatorNotAvailable: (503, 50302),
    broker.ThrottlingQuotaExceeded: (429, 42901),
    broker.CoordinatorLoadInProgress: (503, 50302),
    broker.NotCoordinator: (503, 50302),
    broker.IllegalGeneration: (409, 40901),
    broker.InvalidGroupId: (400, 40002),
    broker.UnknownMemberId: (409, 40901),
    broker.RebalanceInProgress: (409, 40901),
    broker.GroupAuthorizationFailed: (403, 40301),
    broker.NonEmptyGroup: (409, 40901),
    broker.GroupIdNotFound: (404, 40405),
    broker.GroupMaxSizeReached: (400, 40002),
    broker.InvalidCommitOffsetSize: (400, 40002),
    broker.InvalidRegularExpression: (422, 42204),
    broker.ResourceNotFound: (404, 40403),
    broker.DuplicateResource: (409, 40902),
    broker.UnacceptableCredential: (400, 40002),
    broker.UserAuthorizationFailed: (403, 40301),
    broker.DelegationTokenNotFound: (404, 40403),
    broker.DelegationTokenOwnerMismatch: (403, 40301),
    broker.DelegationTokenRequestNotAllowed: (403, 40301),
    broker.DelegationTokenAuthorizationFailed: (403, 40301),
    broker.DelegationTokenExpired: (409, 40903),
    broker.InvalidPrincipalType: (400, 40002),
    InvalidFilter: (400, 400),
    sessions.SessionNotFound: (404, 40403),
    sessions.SessionExists: (409, 40902),
    sessions.TooManySessions: (503, 50302),
    sessions.SessionsLoading: (503, 50302),
    sessions.InvalidSettings: (422, 42204),
    sessions.IllegalSessionState: (409, 40903),
    sessions.NotAssigned: (409, 40903),
    sessions.SessionFenced: (409, 40901),
    sessions.GroupRefuses: (409, 40901),
    sessions.NoOffsetForPartition: (416, 41601),
    sessions.LogTruncated: (416, 41601),
}


class ApiError(Exception):
    """A refusal of the door itself."""

    def __init__(self, status: int, error_code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message


def error_type(path: str) -> str:
    """Return the content type of an error: REST v2's on its paths, else plain JSON."""
    return V2_TYPE if path.split("/", 2)[1:2] in _V2_SEGMENTS else JSON_TYPE


_V2_SEGMENTS = (["topics"], ["brokers"], ["consumers"])


def status_and_code(error: BrokerError) -> tuple[int, int]:
    """Return HTTP status and ``error_code`` of a verb's refusal."""
    return _TABLE.get(type(error), (500, 50002))


def encode_error(error_code: int, message: str) -> bytes:
    """Return the body of an error answer."""
    return msgspec.json.encode({"error_code": error_code, "message": message})


def extra_headers(status: int, error: Exception | None = None) -> dict[str, str]:
    """Return the headers that belong to a status, and to the error behind it if that is known."""
    if status in (429, 503, 507):
        wait_ms = error.retry_after_ms if isinstance(error, broker.ThrottlingQuotaExceeded) else 0
        return {"Retry-After": str(max(RETRY_AFTER_S, -(-wait_ms // 1000)))}
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="cauce"'}
    return {}


def install_error_handlers(app: FastAPI) -> None:
    """Word every error of an application in the one shape."""

    async def on_api_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return _answer(request, error.status, error.error_code, error.message)

    async def on_broker_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, BrokerError)
        status, code = status_and_code(error)
        if status >= 500:
            _logger.warning("answered %d: %s", status, error)
        answer = _answer(request, status, code, str(error))
        answer.headers.update(extra_headers(status, error))
        return answer

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = error.status_code
        phrase = _PHRASES.get(status, "Error")
        answer = _answer(request, status, status, f"HTTP {status} {phrase}")
        answer.headers.update(error.headers or {})
        if status == 405:
            answer.headers["Allow"] = ", ".join(_methods(request))
        return answer

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _answer(request, *word_invalid(list(error.errors())))

    async def on_unexpected(request: Request, error: Exception) -> Response:
        _logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _answer(request, 500, 50002, "Internal Server Error")

    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(BrokerError, on_broker_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_unexpected)


def _methods(request: Request) -> list[str]:
    """Return every method that some route has for the request's path."""
    found = []
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found.append(method)
    return found


_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

_PHRASES = {
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    413: "Content Too Large",
    415: "Unsupported Media Type",
}


def _answer(request: Request, status: int, error_code: int, message: str) -> Response:
    return Response(
        encode_error(error_code, message),
        status_code=status,
        media_type=error_type(request.url.path),
        headers=extra_headers(status),
    )


def word_invalid(errors: Sequence[dict[str, Any]]) -> tuple[int, int, str]:
    """Word what a model complains about, by place and rule, never by the value given."""
    first = errors[0]
    place = [str(part)[:80] for part in first["loc"]]
    kind = first["type"]
    if kind == "json_invalid":
        return 400, 400, "Bad Request: the body is not valid JSON"
    where = ".".join(place[1:]) or place[0]
    if kind == "extra_forbidden":
        return 422, 422, f"Unrecognized field: {place[-1]}"
    if kind == "missing" and place == ["body"]:
        return 422, 422, "Payload error. Request body is empty. Data is required."
    if place[0] in ("query", "path"):
        return 400, 400, f"Bad Request: {place[0]} parameter {where}: {first['msg']}"
    return 422, 422, f"{where}: {first['msg']}"
