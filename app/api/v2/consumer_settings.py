"""From what a client asks of a new consumer instance to the settings of its session.

Pure.
Source: Confluent REST Proxy v2, "POST /consumers/(group_name)"; Strimzi's bridge for its spelling
of auto commit and for the isolation level. ``decode.policy`` is ours.
"""

from enum import Enum
from typing import TypeVar

from app.api.errors import ApiError
from app.api.v2.consumer_models import V2CreateConsumerRequest
from app.api.v2.dialects import Dialect
from app.api.v2.media_types import RecordFormat, record_format
from app.consumers.model import DecodePolicy, OffsetReset, SessionSettings

MIN_BYTES_MAX = 10_000_000
WAIT_MS_MAX = 60_000
OWN_WAIT = "own_wait"
"""Kept with a session whose client chose how long polls wait at most."""

_ISOLATION = {"read_uncommitted": False, "read_committed": True}
_FLAGS = {"true": True, "false": False}
_Choice = TypeVar("_Choice", bound=Enum)


def session_settings(
    group: str, name: str, wanted: V2CreateConsumerRequest, dialect: Dialect
) -> SessionSettings:
    """Return the settings of a session.

    Args:
        group: The group's id.
        name: The instance's name.
        wanted: What its client chose.
        dialect: Has the defaults.

    Raises:
        ApiError: 422, with the setting at fault.
        InvalidSettings: Likewise.
    """
    return SessionSettings(
        group=group,
        name=name,
        is_durable=True,
        client_id=name,
        format=_format(wanted.format).value,
        decode_policy=_choice("decode.policy", wanted.decode_policy, DecodePolicy.RAW),
        auto_offset_reset=_choice(
            "auto.offset.reset", wanted.auto_offset_reset, OffsetReset(dialect.auto_offset_reset)
        ),
        auto_commit=_auto_commit(wanted, dialect),
        is_committed=_isolation(wanted.isolation_level),
        fetch_min_bytes=_min_bytes(wanted.fetch_min_bytes),
        request_wait_ms=_wait_ms(wanted.consumer_request_timeout_ms, dialect),
        extras={} if wanted.consumer_request_timeout_ms is None else {OWN_WAIT: "true"},
    )


def check_name(name: str) -> str:
    """Return a name that can stand in a path.

    Raises:
        ApiError: It cannot.
    """
    if not name or "/" in name or name in (".", ".."):
        raise _invalid("name", "must be text that can stand in a path, without a slash")
    return name


def _format(given: str | None) -> RecordFormat:
    if given is None:
        return RecordFormat.BINARY
    found = record_format(given.lower())
    if found is None:
        allowed = ", ".join(one.value for one in RecordFormat)
        raise _invalid("format", f"must be one of {allowed}")
    return found


def _choice(name: str, given: str | None, default: _Choice) -> _Choice:
    if given is None:
        return default
    for one in type(default):
        if one.value == given.lower():
            return one
    allowed = ", ".join(one.value for one in type(default))
    raise _invalid(name, f"must be one of {allowed}")


def _auto_commit(wanted: V2CreateConsumerRequest, dialect: Dialect) -> bool:
    given = {
        _flag(name, value)
        for name, value in (
            ("auto.commit.enable", wanted.auto_commit_enable),
            ("enable.auto.commit", wanted.enable_auto_commit),
        )
        if value is not None
    }
    if len(given) > 1:
        raise _invalid("auto.commit.enable", "contradicts enable.auto.commit")
    return given.pop() if given else dialect.auto_commit


def _flag(name: str, value: bool | str) -> bool:
    if isinstance(value, bool):
        return value
    found = _FLAGS.get(value.lower())
    if found is None:
        raise _invalid(name, "must be true or false")
    return found


def _isolation(given: str | None) -> bool:
    if given is None:
        return False
    found = _ISOLATION.get(given.lower())
    if found is None:
        raise _invalid("isolation.level", "must be read_uncommitted or read_committed")
    return found


def _min_bytes(given: int | str | None) -> int:
    if given is None:
        return 1
    size = _integer("fetch.min.bytes", given)
    if not -1 <= size <= MIN_BYTES_MAX:
        raise ApiError(422, 40001, f"fetch.min.bytes must be -1 to {MIN_BYTES_MAX:,}")
    return max(size, 1)


def _wait_ms(given: int | str | None, dialect: Dialect) -> int:
    if given is None:
        return dialect.poll_wait_ms
    wait_ms = _integer("consumer.request.timeout.ms", given)
    if wait_ms < 0:
        raise ApiError(422, 40001, "consumer.request.timeout.ms must not be negative")
    return min(wait_ms, WAIT_MS_MAX)


def _integer(name: str, given: int | str) -> int:
    try:
        return int(given) if len(str(given)) <= 20 else -2
    except ValueError:
        raise _invalid(name, "must be an integer") from None


def _invalid(name: str, problem: str) -> ApiError:
    return ApiError(422, 42204, f"Invalid consumer configuration: {name} {problem}")
