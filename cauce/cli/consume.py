"""``cauce consume``: records become lines of standard output."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console, Progress
from cauce.cli.interrupts import Interrupts
from cauce.cli.options import (
    DEFAULT_URL,
    DataType,
    KeySeparator,
    Null,
    Partition,
    Quiet,
    TopicName,
    Url,
    examples,
    parse_separator,
    to_bytes,
)
from cauce.cli.start_position import StartPosition, parse_start

if TYPE_CHECKING:
    from cauce.cli.records.record_output import RecordRenderer
    from cauce.client.http import HttpClient


class OutputFormat(StrEnum):
    """What is written for each record."""

    VALUE = "value"
    JSON = "json"


From = Annotated[
    str,
    typer.Option(
        "--from",
        "-s",
        metavar="START",
        help="earliest; latest (implies --follow); an offset; a time like 2026-11-23T20:03:00Z, "
        "in UTC if it does not say; or @ and milliseconds since 1970.",
    ),
]
Count = Annotated[
    int | None, typer.Option("--count", "-n", min=0, help="End after so many records.")
]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="At the end, wait for more instead of ending.")
]
Output = Annotated[
    OutputFormat,
    typer.Option("--output", "-o", help="value: its bytes; json: the whole record, one a line."),
]
KeyType = Annotated[
    DataType | None,
    typer.Option("--key-type", show_default="what they are", help="With -o json: show keys so."),
]
ValueType = Annotated[
    DataType | None,
    typer.Option(
        "--value-type", show_default="what they are", help="With -o json: show values so."
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        "-w",
        metavar="CEL",
        help="Only records of which this is true, like: value.level == 'error' && key != null.",
    ),
]

EXAMPLES = examples(
    "cauce consume orders",
    "cauce consume orders --from latest | grep failed",
    "cauce consume orders --from 2026-11-23T08:00:00Z --count 10 -o json",
    "cauce consume orders --where 'value.total > 100.0' --follow",
    "cauce consume orders --partition 0 --from 4711 --follow",
)


def consume(
    context: typer.Context,
    topic: TopicName,
    *,
    start: From = "earliest",
    count: Count = None,
    follow: Follow = False,
    partition: Partition = None,
    where: Where = None,
    output: Output = OutputFormat.VALUE,
    key_separator: KeySeparator = None,
    null: Null = None,
    key_type: KeyType = None,
    value_type: ValueType = None,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Write the records of TOPIC to standard output, one a line, and end.

    All records that were there when it began are written; with --follow it goes on with those
    that come. Records of one partition keep their order.
    """
    from cauce.cli.consume_run import ConsumeRun
    from cauce.cli.server import check_topic
    from cauce.client.consumer import Consumer, Start

    try:
        position = parse_start(start)
    except ValueError as error:
        raise typer.BadParameter(f"--from: {error}") from None
    renderer = _renderer(output, key_separator, null, (key_type, value_type))
    follow = follow or position == StartPosition("from", "latest")
    console: Console = context.obj
    with console.connect(url) as http, Interrupts() as interrupts:
        check_topic(http, topic)
        if position.parameter == "offset" and partition is None:
            partition = _only_partition(http, topic)
        place = Start(parameter=position.parameter, value=position.value)
        consumer = Consumer(
            http, topic, place, partition=partition, types=renderer.types, where=where
        )
        with Progress(console, shown=not quiet and not console.stdout_is_terminal()) as progress:
            run = ConsumeRun(console, consumer, renderer, progress, follow=follow, count=count)
            run.run(interrupts)
        if run.failed and not quiet:
            console.say(f"cauce: {run.failed:,} records left out: {run.first_failure}")
        if not quiet:
            console.say_to_person(f"{run.written:,} records of {topic}")


def _renderer(
    output: OutputFormat,
    key_separator: str | None,
    null: str | None,
    types: tuple[DataType | None, DataType | None],
) -> "RecordRenderer":
    """Check the options that say how records look.

    Raises:
        typer.BadParameter: They contradict each other.
    """
    from cauce.cli.records.record_output import JsonRenderer, ValueRenderer

    if output is OutputFormat.JSON:
        if key_separator is not None or null is not None:
            raise typer.BadParameter("--key-separator and --null go with --output value")
        asked = zip(("key_type", "value_type"), types, strict=True)
        return JsonRenderer(
            types={name: kind.value.upper() for name, kind in asked if kind is not None}
        )
    if types != (None, None):
        raise typer.BadParameter("--key-type and --value-type go with --output json")
    try:
        separator = None if key_separator is None else parse_separator(key_separator)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return ValueRenderer(key_separator=separator, null=to_bytes(null or ""))


def _only_partition(http: "HttpClient", topic: str) -> int:
    """Return the partition of a topic that has one.

    Raises:
        typer.BadParameter: It has more: an offset means nothing without a partition.
    """
    from cauce.client.topics import Topics

    partitions = Topics(http).partitions(topic)
    if len(partitions) != 1:
        raise typer.BadParameter(
            f"an offset is a place in one partition, and {topic} has {len(partitions)}: "
            "say which with --partition"
        )
    return partitions[0]
