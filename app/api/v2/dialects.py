"""Where the dialects of REST v2 contradict each other, and which answer a node gives.

One table, and the only place that knows names of dialects: the rest of the door reads its fields.
What one dialect merely has more than another (timestamps, headers, the text format, two spellings
of a setting, two keys of a commit) is served in all of them, for no client is hurt by it.
``cauce``, the default, is what most clients of all four get along with.

Two differences are not offered: that a record as large as ``max_bytes`` is never delivered
(Confluent, Redpanda) or lost (Strimzi). At least one record is answered, whatever the setting.
Source: Confluent REST Proxy v2, Karapace, Strimzi's bridge 1.2, Redpanda's pandaproxy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

StatusAndCode = tuple[int, int]


class FailedRecord(Enum):
    """How a produce answer shows a record that was refused."""

    CONFLUENT = "confluent"
    """Nulls for its place, a code of five digits, and ``error``."""

    KARAPACE = "karapace"
    """1 for what will never be taken, 2 for what may be sent again, and ``error``."""

    STRIMZI = "strimzi"
    """HTTP's status as the code, and ``message``."""

    KAFKA = "kafka"
    """Kafka's own number, and the offset -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One column of the table."""

    commits_next: bool
    """Whether a commit names the last record consumed (the next one is stored); else it names
    what is stored."""

    commit_status: int
    """204, or 200 with an empty list."""

    uncommitted_offset: int | None
    """How GET offsets shows a partition of which nothing is committed; None leaves it out."""

    failed_record: FailedRecord
    failed_record_status: int
    """Status of a produce of which a record was refused."""

    unknown_topic_fails_records: bool
    """Whether a produce to an unknown topic is answered record by record."""

    poll_wait_ms: int
    """How long a poll waits that does not say."""

    plain_json_is_binary: bool
    """Whether records may come as ``application/json``, or without a format; else 415."""

    seek_unassigned: StatusAndCode
    undecodable: StatusAndCode
    """A poll of an instance that is to fail where a record is not of its format."""

    auto_offset_reset: str = "latest"
    auto_commit: bool = True
    codes: Mapping[int, StatusAndCode] = field(default_factory=lambda: MappingProxyType({}))
    """Errors that have another status and code than Confluent's."""


_STRIMZI_CODES = MappingProxyType(
    {
        code: (code // 100, code // 100)
        for code in (
            *(40002, 40101, 40301, 40401, 40402, 40403, 40404, 40405, 40601, 40801),
            *(40901, 40902, 40903, 42901, 50002, 50302),
        )
    }
    | {40001: (422, 422), 42204: (422, 422), 50003: (503, 503)}
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "cauce": Dialect(
            commits_next=True,
            commit_status=204,
            uncommitted_offset=None,
            failed_record=FailedRecord.CONFLUENT,
            failed_record_status=200,
            unknown_topic_fails_records=False,
            poll_wait_ms=1_000,
            plain_json_is_binary=True,
            seek_unassigned=(409, 40903),
            undecodable=(422, 42207),
        ),
        "confluent": Dialect(
            commits_next=True,
            commit_status=200,
            uncommitted_offset=None,
            failed_record=FailedRecord.CONFLUENT,
            failed_record_status=200,
            unknown_topic_fails_records=False,
            poll_wait_ms=1_000,
            plain_json_is_binary=False,
            seek_unassigned=(409, 40903),
            undecodable=(408, 40801),
        ),
        "karapace": Dialect(
            commits_next=True,
            commit_status=204,
            uncommitted_offset=-1,
            failed_record=FailedRecord.KARAPACE,
            failed_record_status=422,
            unknown_topic_fails_records=False,
            poll_wait_ms=11_000,
            plain_json_is_binary=True,
            seek_unassigned=(409, 40903),
            undecodable=(422, 422),
            auto_offset_reset="earliest",
            codes=MappingProxyType({40001: (422, 42204), 40901: (409, 40903)}),
        ),
        "strimzi": Dialect(
            commits_next=False,
            commit_status=204,
            uncommitted_offset=None,
            failed_record=FailedRecord.STRIMZI,
            failed_record_status=200,
            unknown_topic_fails_records=True,
            poll_wait_ms=100,
            plain_json_is_binary=False,
            seek_unassigned=(404, 404),
            undecodable=(406, 406),
            codes=_STRIMZI_CODES,
        ),
        "redpanda": Dialect(
            commits_next=False,
            commit_status=204,
            uncommitted_offset=-1,
            failed_record=FailedRecord.KAFKA,
            failed_record_status=200,
            unknown_topic_fails_records=True,
            poll_wait_ms=1_000,
            plain_json_is_binary=False,
            seek_unassigned=(409, 40903),
            undecodable=(422, 42207),
            auto_offset_reset="earliest",
            auto_commit=False,
            codes=MappingProxyType({40901: (409, 409)}),
        ),
    }
)
DEFAULT = "cauce"
