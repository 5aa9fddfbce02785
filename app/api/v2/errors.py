"""Errors as REST v2 words them: one shape, v2's content type, the dialect's status and code.

Source: Confluent REST Proxy v2, "Errors"; ``dialects`` for who differs.
"""

import logging
from collections.abc import Awaitable

from fastapi.exceptions import RequestValidationError

from app.api.answers import Send, send_error
from app.api.errors import V2_TYPE, ApiError, status_and_code, word_invalid
from app.api.request_body import ClientLeft
from app.api.v2.dialects import Dialect
from app.broker.errors import BrokerError

_logger = logging.getLogger(__name__)

DoorError = ApiError | BrokerError | RequestValidationError


def worded(error: DoorError, dialect: Dialect) -> tuple[int, int, str]:
    """Return status, code and message of an error."""
    if isinstance(error, RequestValidationError):
        problems = list(error.errors())
        if problems[0]["loc"][0] == "path":
            return 404, 404, "HTTP 404 Not Found"
        status, code, message = word_invalid(problems)
    elif isinstance(error, BrokerError):
        status, code = status_and_code(error)
        message = str(error)
        if status >= 500:
            _logger.warning("answered %d: %s", status, error)
    else:
        status, code, message = error.status, error.error_code, error.message
    status, code = dialect.codes.get(code, (status, code))
    return status, code, message


async def answering(send: Send, dialect: Dialect, answer: Awaitable[None]) -> None:
    """Await a handler that has not begun to answer when it raises, and word what it raises."""
    try:
        await answer
    except (ApiError, BrokerError) as error:
        status, code, message = worded(error, dialect)
        await send_error(send, status, code, message, V2_TYPE, error=error)
    except ClientLeft:
        return
