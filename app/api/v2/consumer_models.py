"""Shapes of REST v2's consumers, as FastAPI and the OpenAPI document see them.

Numbers and flags may be written as strings: most clients do.
"""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_INT64: JsonDict = {"format": "int64"}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, strict=False)


class V2CreateConsumerRequest(_Body):
    """Settings of a consumer instance; each may be left out."""

    name: str | None = Field(default=None, description="Its name; one is made if left out.")
    id: str | None = Field(default=None, description="The name, as older clients give it.")
    format: str | None = Field(
        default=None,
        description="`binary` (if left out), `json`, `text`, or of the schema registry `avro`, "
        "`jsonschema`, `protobuf`.",
    )
    auto_offset_reset: str | None = Field(
        default=None,
        alias="auto.offset.reset",
        description="`earliest`, `latest` or `none`: where to begin when nothing is committed.",
    )
    auto_commit_enable: bool | str | None = Field(
        default=None,
        alias="auto.commit.enable",
        description="Whether a poll commits what the one before gave out.",
    )
    enable_auto_commit: bool | str | None = Field(
        default=None,
        alias="enable.auto.commit",
        description="The same, as Strimzi's bridge has it.",
    )
    fetch_min_bytes: int | str | None = Field(
        default=None,
        alias="fetch.min.bytes",
        description="A poll waits for so many bytes; -1 for any. At most 10,000,000.",
    )
    consumer_request_timeout_ms: int | str | None = Field(
        default=None,
        alias="consumer.request.timeout.ms",
        description="How long a poll waits at most; beyond a minute it is a minute.",
    )
    isolation_level: str | None = Field(
        default=None,
        alias="isolation.level",
        description="`read_uncommitted` (if left out) or `read_committed`.",
    )
    decode_policy: str | None = Field(
        default=None,
        alias="decode.policy",
        description="What becomes of a record that is not of the format: `raw` (if left out) "
        "shows it as a string, `skip` leaves it out, `fail` refuses the poll until one seeks.",
    )


class V2Consumer(BaseModel):
    """A consumer instance."""

    instance_id: str
    base_uri: str = Field(description="What its paths begin with.")


class V2SubscriptionRequest(_Body):
    """Topics by their names or by a pattern, one of the two."""

    topics: list[str] | None = None
    topic_pattern: str | None = Field(
        default=None, description="A regular expression (RE2) that the whole name matches."
    )


class V2Subscription(BaseModel):
    """What an instance is subscribed to, and the partitions that it reads."""

    topics: list[str]
    partitions: list[dict[str, list[int]]] = Field(description="By topic.")


class V2TopicPartition(_Body):
    """One partition."""

    topic: str
    partition: int = Field(ge=0, le=2**31 - 1)


class V2PartitionList(_Body):
    """Some partitions."""

    partitions: list[V2TopicPartition]


class V2Offset(_Body):
    """An offset of a partition."""

    topic: str
    partition: int = Field(ge=0, le=2**31 - 1)
    offset: int = Field(ge=0, le=2**63 - 1, json_schema_extra=_INT64)
    metadata: str | None = Field(default=None, max_length=4096)


class V2Timestamp(_Body):
    """A time in a partition."""

    topic: str
    partition: int = Field(ge=0, le=2**31 - 1)
    timestamp: str = Field(max_length=40, description="ISO 8601 with an offset, or milliseconds.")
    metadata: str | None = Field(default=None, max_length=4096)


class V2PositionsRequest(_Body):
    """Where to read on."""

    offsets: list[V2Offset] = []
    timestamps: list[V2Timestamp] = []


class V2CommitRequest(_Body):
    """What to commit; everything that was given out if both are left out."""

    offsets: list[V2Offset] | None = None
    partitions: list[V2Offset] | None = Field(
        default=None, description="The same, as Redpanda has it."
    )


class V2CommittedOffset(BaseModel):
    """What a group has committed for a partition."""

    topic: str
    partition: int
    offset: int = Field(json_schema_extra=_INT64, description="Of the next record to read.")
    metadata: str


class V2CommittedOffsetList(BaseModel):
    """What a group has committed."""

    offsets: list[V2CommittedOffset]
