"""From the options of ``cauce consume`` to what is asked of the server.

Called by: cli.consume. Calls: client.streaming.frames, client.topics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import typer

from cauce.cli.consuming.start_position import StartPosition
from cauce.cli.options import DataType

if TYPE_CHECKING:
    from cauce.client.http import HttpClient
    from cauce.client.streaming.frames import Wish

FRAME_RECORDS_MAX = 5_000
"""Of one frame, whatever is asked for (docs/websocket.md)."""

OUT_OF_RANGE = 41601
"""Kafka's OFFSET_OUT_OF_RANGE as REST words it."""


class OutputFormat(StrEnum):
    """What is written for each record."""

    VALUE = "value"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for.

    Attributes:
        position: Where to begin; None for the default.
        partitions: The only ones to read; all if empty.
        follow: Whether to go on at the end.
    """

    topics: Sequence[str]
    group: str | None
    position: StartPosition | None
    partitions: Sequence[int]
    where: str | None
    isolation_level: str
    key_type: DataType | None
    value_type: DataType | None
    follow: bool
    count: int | None

    @property
    def begins_at_end(self) -> bool:
        """Whether nothing is read of what was there before."""
        return self.position is not None and self.position.value == "latest"

    def check(self) -> None:
        """Refuse what no server could make sense of.

        Raises:
            typer.BadParameter: Options contradict each other.
        """
        if self.group is None:
            return
        if not self.group:
            raise typer.BadParameter("--group must not be empty")
        if self.partitions:
            raise typer.BadParameter("a group shares out the partitions: leave --partition out")
        if self.position is not None and self.position.parameter in ("offset", "last"):
            raise typer.BadParameter(
                "a group begins where it has committed, else at earliest, latest or a time; "
                "`cauce group seek` has it go on elsewhere"
            )


def build_wish(asked: Asked, http: "HttpClient") -> "Wish":
    """Return what to ask of the server.

    Raises:
        typer.BadParameter: An offset is asked for in more than one partition.
        Refused: It is none of the partition's.
    """
    from cauce.client.streaming.frames import Assign, Start, Subscribe

    options: dict[str, Any] = {"where": asked.where, "isolation_level": asked.isolation_level}
    for name, kind in (("key_type", asked.key_type), ("value_type", asked.value_type)):
        options[name] = None if kind is None else kind.value.upper()
    if asked.count is not None and 0 < asked.count < FRAME_RECORDS_MAX:
        options["frame_records_max"] = asked.count
    position = asked.position or StartPosition("from", "earliest")
    if asked.group is not None:
        start: Any = position.number if position.parameter == "timestamp" else position.value
        return Subscribe(group=asked.group, topics=tuple(asked.topics), start=start, **options)
    place: dict[str, Any]
    if position.parameter == "from":
        place = {"start": position.value}
    else:
        place = {position.parameter: position.number}
    numbers: Sequence[int | None] = list(asked.partitions) or [None]
    if position.parameter == "offset":
        number = _only_partition(asked, http)
        _check_offset(http, asked.topics[0], number, position.number)
        numbers = [number]
    starts = [
        Start(topic, partition=number, **place) for topic in asked.topics for number in numbers
    ]
    until = None if asked.follow else "end"
    return Assign(partitions=starts, until=cast("Any", until), **options)


def _only_partition(asked: Asked, http: "HttpClient") -> int:
    """Return the one partition that an offset is meant for.

    Raises:
        typer.BadParameter: There are more: an offset means nothing without a partition.
    """
    from cauce.client.topics import Topics

    if len(asked.topics) == 1:
        if len(asked.partitions) == 1:
            return asked.partitions[0]
        if not asked.partitions:
            numbers = Topics(http).partitions(asked.topics[0])
            if len(numbers) == 1:
                return numbers[0]
    raise typer.BadParameter(
        f"an offset is a place in one partition, and {', '.join(asked.topics)} has several: "
        "say which with --partition"
    )


def _check_offset(http: "HttpClient", topic: str, partition: int, offset: int) -> None:
    """Refuse an offset at which there is nothing and never was, or is nothing any more.

    Raises:
        Refused: It is one.
    """
    from cauce.client.errors import Refused
    from cauce.client.topics import Topics

    known = Topics(http).offsets(topic, partition)
    if not known.earliest_offset <= offset <= known.latest_offset:
        raise Refused(
            OUT_OF_RANGE // 100,
            OUT_OF_RANGE,
            f"offset {offset} of {topic}-{partition} is outside "
            f"[{known.earliest_offset}, {known.latest_offset}]",
        )
