"""The query of a stream: what to read, from where, until when, in which form, for which group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from app.api.embedded_formats import EmbeddedFormat
from app.api.records.query_parameters import (
    bad_parameter,
    read_choice,
    read_format,
    read_integer,
    read_query,
    read_timestamp,
)

OFFSET_MAX = 2**63 - 1
RECORDS_MAX = 2**53
"""A bound for the whole stream; none is given by leaving it out."""

SESSION_TIMEOUT_MS = 45_000
SESSION_TIMEOUT_MS_MAX = 1_800_000
TOPICS_MAX = 100
PARTITIONS_MAX = 1_000
"""Partitions of one stream: an id names them all, and comes back in the head of a request."""

_KNOWN = (
    "partition",
    "from",
    "offset",
    "timestamp",
    "until",
    "max_records",
    "max_bytes",
    "key_type",
    "value_type",
    "filter",
    "isolation_level",
    "last_event_id",
    "group",
    "instance_id",
    "commit",
    "session_timeout_ms",
    "ticket",
)
_OF_A_GROUP = ("instance_id", "commit", "session_timeout_ms")
_NOT_OF_A_GROUP = ("partition", "offset", "until")


class Commit(Enum):
    """What is committed in a group."""

    ON_NEXT = "on_next"
    """What an id stands for, when the client comes back with it."""

    AUTO = "auto"
    """What was sent, once more was sent behind it."""

    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamQuery:
    """A checked query."""

    topics: tuple[str, ...]
    partitions: tuple[int, ...]
    """Of the only topic; all of it if empty."""

    from_earliest: bool
    offset: int | None
    timestamp_ms: int | None
    until_end: bool
    until_ms: int | None
    max_records: int | None
    max_bytes: int | None
    types: tuple[EmbeddedFormat | None, EmbeddedFormat | None]
    filter: str | None
    is_committed: bool
    last_event_id: str | None
    group: str | None
    pattern: str | None
    instance_id: str | None
    commit: Commit
    session_timeout_ms: int


def parse_stream_query(query_string: bytes, topic: str | None) -> StreamQuery:
    """Check a query.

    Args:
        query_string: As it stood in the URL.
        topic: That of the path; None where the query names the topics.

    Raises:
        ApiError: 400, with the parameter at fault.
    """
    known = _KNOWN if topic is not None else (*_KNOWN, "topic", "pattern")
    lists = read_query(query_string, known, ("topic", "partition"))
    given = {name: values[0] for name, values in lists.items()}
    topics = tuple(dict.fromkeys(lists.get("topic", []))) if topic is None else (topic,)
    _check_combination(given, topics)
    until = given.get("until")
    return StreamQuery(
        topics=topics,
        partitions=_partitions(lists.get("partition", [])),
        from_earliest=read_choice("from", given.get("from", "latest"), ("earliest", "latest"))
        == "earliest",
        offset=_number(given, "offset", 0, OFFSET_MAX),
        timestamp_ms=_time(given, "timestamp"),
        until_end=until == "end",
        until_ms=None if until in (None, "end") else _time(given, "until"),
        max_records=_number(given, "max_records", 1, RECORDS_MAX),
        max_bytes=_number(given, "max_bytes", 1, RECORDS_MAX),
        types=(read_format(given, "key_type"), read_format(given, "value_type")),
        filter=given.get("filter"),
        is_committed=read_choice(
            "isolation_level",
            given.get("isolation_level", "read_uncommitted"),
            ("read_uncommitted", "read_committed"),
        )
        == "read_committed",
        last_event_id=given.get("last_event_id") or None,
        group=given.get("group"),
        pattern=given.get("pattern"),
        instance_id=given.get("instance_id"),
        commit=Commit(read_choice("commit", given.get("commit", "on_next"), _COMMITS)),
        session_timeout_ms=_number(given, "session_timeout_ms", 1, SESSION_TIMEOUT_MS_MAX)
        or SESSION_TIMEOUT_MS,
    )


_COMMITS = tuple(one.value for one in Commit)


def _check_combination(given: Mapping[str, str], topics: Sequence[str]) -> None:
    if bool(topics) == ("pattern" in given):
        raise bad_parameter("topic", "or pattern must be given, one of the two")
    if len(topics) > TOPICS_MAX:
        raise bad_parameter("topic", f"can be given {TOPICS_MAX} times")
    starts = [name for name in ("from", "offset", "timestamp") if name in given]
    if len(starts) > 1:
        raise bad_parameter(starts[1], f"cannot be combined with {starts[0]}")
    if "group" in given:
        for name in _NOT_OF_A_GROUP:
            if name in given:
                raise bad_parameter(name, "does not go with group")
    else:
        for name in (*_OF_A_GROUP, "pattern"):
            if name in given:
                raise bad_parameter(name, "needs group")
    if "partition" in given and len(topics) > 1:
        raise bad_parameter("partition", "goes with one topic only")


def _partitions(texts: Sequence[str]) -> tuple[int, ...]:
    numbers = [
        read_integer("partition", one, 0, 2**31 - 1) for text in texts for one in text.split(",")
    ]
    if len(numbers) > PARTITIONS_MAX:
        raise bad_parameter("partition", f"can be given {PARTITIONS_MAX} times")
    return tuple(dict.fromkeys(numbers))


def _number(given: Mapping[str, str], name: str, minimum: int, maximum: int) -> int | None:
    return None if name not in given else read_integer(name, given[name], minimum, maximum)


def _time(given: Mapping[str, str], name: str) -> int | None:
    return None if name not in given else read_timestamp(name, given[name])
