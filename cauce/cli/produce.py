"""``cauce produce``: lines of standard input become records."""

from dataclasses import replace
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

if TYPE_CHECKING:
    from cauce.cli.records.record_input import LineFormat

BATCH_RECORDS_MAX = 10_000
BATCH_BYTES_MAX = 8 * 1024 * 1024
LINGER_MS_MAX = 60_000


class InputFormat(StrEnum):
    """What a line is."""

    VALUE = "value"
    JSON = "json"


class ReceiptFormat(StrEnum):
    """What is written for each stored record."""

    NONE = "none"
    JSON = "json"


Key = Annotated[str | None, typer.Option("--key", "-k", metavar="KEY", help="Key of every record.")]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        "--header", "-H", metavar="NAME=VALUE", help="Header of every record; may repeat."
    ),
]
ValueType = Annotated[
    DataType,
    typer.Option("--value-type", help="What values must be: any bytes, JSON, or UTF-8 text."),
]
KeyType = Annotated[DataType, typer.Option("--key-type", help="What keys must be.")]
Input = Annotated[
    InputFormat,
    typer.Option("--input", "-i", help="json: record objects, as consume -o json writes them."),
]
Repartition = Annotated[
    bool, typer.Option("--repartition", help="With -i json: have the partitions chosen anew.")
]
Output = Annotated[
    ReceiptFormat,
    typer.Option("--output", "-o", help="json: write the receipt of each stored record."),
]
BatchRecords = Annotated[
    int,
    typer.Option(
        "--batch-records", min=1, max=BATCH_RECORDS_MAX, help="Records of one request at most."
    ),
]
BatchBytes = Annotated[
    int,
    typer.Option("--batch-bytes", min=1, max=BATCH_BYTES_MAX, help="Its bytes at most."),
]
LingerMs = Annotated[
    int,
    typer.Option(
        "--linger-ms", min=0, max=LINGER_MS_MAX, help="How long a record waits for others."
    ),
]

EXAMPLES = examples(
    "echo hello | cauce produce greetings",
    "tail -f app.log | cauce produce logs --key web-1",
    "cauce produce users --key-separator : --null '' < users.txt",
    "cauce consume orders -o json | cauce produce orders-copy -i json",
)


def produce(
    context: typer.Context,
    topic: TopicName,
    *,
    key: Key = None,
    key_separator: KeySeparator = None,
    partition: Partition = None,
    headers: Headers = None,
    value_type: ValueType = DataType.BINARY,
    key_type: KeyType = DataType.BINARY,
    null: Null = None,
    input_format: Input = InputFormat.VALUE,
    repartition: Repartition = False,
    output: Output = ReceiptFormat.NONE,
    batch_records: BatchRecords = 1_000,
    batch_bytes: BatchBytes = 1_048_576,
    linger_ms: LingerMs = 10,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Send the lines of standard input to TOPIC, one record a line.

    A record counts once the server has it on disk. Lines that are refused are named on standard
    error, and the exit status is 1 then.
    """
    from cauce.cli.produce_run import BatchBounds, ProduceRun
    from cauce.cli.records.line_reader import LineReader
    from cauce.cli.records.record_input import JsonEncoder, LineEncoder
    from cauce.cli.server import check_topic
    from cauce.client.producer import Producer

    encoder: JsonEncoder | LineEncoder
    if input_format is InputFormat.JSON:
        in_line = (key, key_separator, null, headers)
        if any(one is not None for one in in_line) or {key_type, value_type} != {DataType.BINARY}:
            raise typer.BadParameter("with --input json, each line says its key, value and headers")
        encoder = JsonEncoder(partition=partition, repartition=repartition)
    elif repartition:
        raise typer.BadParameter("--repartition goes with --input json")
    else:
        form = _line_format(key, key_separator, null, headers or [])
        encoder = LineEncoder(
            replace(form, key_type=key_type, value_type=value_type, partition=partition)
        )
    bounds = BatchBounds(records=batch_records, size=batch_bytes, linger_s=linger_ms / 1000)
    console: Console = context.obj
    with console.connect(url) as http, Interrupts() as interrupts:
        check_topic(http, topic)
        typed = console.stdin_is_terminal()
        if typed and not quiet:
            console.say("One record a line; Ctrl-D ends.")
        with Progress(console, shown=not quiet and not typed) as progress:
            run = ProduceRun(console, Producer(http, topic), encoder, bounds, progress)
            run.shows_receipts = output is ReceiptFormat.JSON
            status = run.run(LineReader(console.stdin), interrupts)
        if not quiet:
            console.say_to_person(
                f"{run.stored:,} records stored in {topic}, {run.refused:,} refused"
            )
    raise typer.Exit(status)


def _line_format(
    key: str | None, key_separator: str | None, null: str | None, headers: list[str]
) -> "LineFormat":
    """Check the options that say what a line means.

    Raises:
        typer.BadParameter: One of them, or two together, do not.
    """
    from cauce.cli.records.record_input import LineFormat, parse_header

    if key is not None and key_separator is not None:
        raise typer.BadParameter("--key and --key-separator are two keys")
    try:
        return LineFormat(
            key=None if key is None else to_bytes(key),
            key_separator=None if key_separator is None else parse_separator(key_separator),
            null=None if null is None else to_bytes(null),
            headers=tuple(parse_header(text) for text in headers),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
