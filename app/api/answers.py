"""Sending an answer without a framework, for the hot paths."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from app.api.errors import ApiError, encode_error, extra_headers, status_and_code
from app.api.request_body import ClientLeft
from app.broker.errors import BrokerError

_logger = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
HeaderList = Sequence[tuple[bytes, bytes]]

JSON_TYPE = b"application/json"


async def send_answer(
    send: Send,
    status: int,
    body: bytes,
    *,
    content_type: bytes = JSON_TYPE,
    headers: HeaderList = (),
) -> None:
    """Send a whole answer."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_nothing(send: Send) -> None:
    """Send an answer without a body: 204, which has no length either (RFC 9110 8.6)."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def send_error(
    send: Send,
    status: int,
    error_code: int,
    message: str,
    content_type: str = "application/json",
    *,
    error: Exception | None = None,
) -> None:
    """Send an error in the one shape."""
    headers = [
        (name.lower().encode(), value.encode())
        for name, value in extra_headers(status, error).items()
    ]
    body = encode_error(error_code, message)
    await send_answer(send, status, body, content_type=content_type.encode(), headers=headers)


async def answering_errors(send: Send, answer: Awaitable[None]) -> None:
    """Await a handler that has not begun to answer when it raises, and word what it raises."""
    try:
        await answer
    except ApiError as error:
        await send_error(send, error.status, error.error_code, error.message)
    except BrokerError as error:
        status, code = status_and_code(error)
        await send_error(send, status, code, str(error), error=error)
    except ClientLeft:
        return
