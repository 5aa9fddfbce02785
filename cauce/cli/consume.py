"""``cauce consume``: records become lines of standard output."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console, Progress
from cauce.cli.consuming.start_position import parse_start
from cauce.cli.consuming.wish import Asked, OutputFormat, build_wish
from cauce.cli.interrupts import Interrupts
from cauce.cli.options import (
    DEFAULT_URL,
    PARTITION_MAX,
    DataType,
    KeySeparator,
    Null,
    Quiet,
    Url,
    check_text,
    examples,
    parse_separator,
    to_bytes,
)

if TYPE_CHECKING:
    from cauce.cli.consuming.end_watch import EndWatch
    from cauce.cli.records.record_output import RecordRenderer
    from cauce.client.http import HttpClient

GIVE_UP_S = 30.0
"""How long a server may be away before a run that does not follow ends."""


class Isolation(StrEnum):
    """Which records of transactions are read."""

    READ_UNCOMMITTED = "read_uncommitted"
    READ_COMMITTED = "read_committed"


def _check_texts(texts: list[str]) -> list[str]:
    return [check_text(text) for text in texts]


Topics = Annotated[
    list[str],
    typer.Argument(metavar="TOPIC...", help="Names of topics.", callback=_check_texts),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        "-s",
        metavar="START",
        help="earliest (the default); latest (implies --follow); an offset; -N for the last N of "
        "each partition; a time like 2026-11-23T20:03:00Z, in UTC if it does not say; or @ and "
        "milliseconds since 1970. In a group: where to begin where nothing is committed.",
    ),
]
Short = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        metavar="START|OUTPUT",
        help="Short for --from, as in kcat, or for --output if it is one: -o -5, -o json.",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group",
        "-g",
        metavar="GROUP",
        help="Read as a member of a consumer group: go on where it has committed, share the "
        "partitions with its other members, and commit what is written.",
        callback=lambda text: None if text is None else check_text(text),
    ),
]
Count = Annotated[
    int | None, typer.Option("--count", "-c", "-n", min=0, help="End after so many records.")
]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="At the end, wait for more instead of ending.")
]
Exit = Annotated[
    bool,
    typer.Option("--exit", "-e", help="End at the end; the default, but for --from latest."),
]
Partitions = Annotated[
    list[int] | None,
    typer.Option(
        "--partition",
        "-p",
        min=0,
        max=PARTITION_MAX,
        metavar="N",
        help="Only this partition; may repeat. Not in a group.",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        "-w",
        metavar="CEL",
        help="Only records of which this is true, like: value.level == 'error' && key != null.",
        callback=lambda text: None if text is None else check_text(text),
    ),
]
Output = Annotated[
    OutputFormat | None,
    typer.Option("--output", help="value: its bytes (the default); json: the whole record."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-F",
        metavar="FORMAT",
        help="What to write for each record, as kcat's -f: %s value, %k key, %h headers, "
        "%t topic, %p partition, %o offset, %T timestamp, %S %K sizes (-1: null), "
        r"%R %r sizes in 4 bytes, %%; \t \n \r \0 \\ \xHH. Nothing is added: end it with \n.",
    ),
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
IsolationLevel = Annotated[
    Isolation,
    typer.Option("--isolation-level", help="Whether to read records of open transactions."),
]

EXAMPLES = examples(
    "cauce consume orders",
    "cauce consume orders -f --from latest | grep failed",
    "cauce consume orders -o -10 --format '%t [%p] at %o: key %k: %s\\n'",
    "cauce consume orders --group billing --follow",
    "cauce consume orders --from 2026-11-23T08:00:00Z --count 10 -o json",
    "cauce consume orders --where 'value.total > 100.0' --follow",
    "cauce consume orders --partition 0 --from 4711 --follow",
)


def consume(
    context: typer.Context,
    topics: Topics,
    *,
    start: From = None,
    short: Short = None,
    group: Group = None,
    count: Count = None,
    follow: Follow = False,
    exits: Exit = False,
    partitions: Partitions = None,
    where: Where = None,
    output: Output = None,
    form: Format = None,
    key_separator: KeySeparator = None,
    null: Null = None,
    key_type: KeyType = None,
    value_type: ValueType = None,
    isolation_level: IsolationLevel = Isolation.READ_UNCOMMITTED,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Write the records of TOPIC to standard output, one a line, and end.

    All records that were there when it began are written; with --follow it goes on with those
    that come. Records of one partition keep their order. A restart of the server is bridged:
    nothing is left out, nothing written twice.
    """
    if follow and exits:
        raise typer.BadParameter("--follow goes on at the end, --exit ends there")
    start, output = _shorts(short or [], start, output)
    renderer = _renderer(output or OutputFormat.VALUE, form, key_separator, null)
    if (key_type or value_type) and not renderer.wants_json:
        raise typer.BadParameter("--key-type and --value-type go with --output json")
    try:
        position = None if start is None else parse_start(start)
    except ValueError as error:
        raise typer.BadParameter(f"--from: {error}") from None
    is_latest = position is not None and position.value == "latest"
    follow = follow or (is_latest and not exits and group is None)
    asked = Asked(
        topics=topics,
        group=group,
        position=position,
        partitions=partitions or [],
        where=where,
        isolation_level=isolation_level.value,
        key_type=key_type,
        value_type=value_type,
        follow=follow,
        count=count,
    )
    asked.check()
    console: Console = context.obj
    with console.connect(url) as http, Interrupts() as interrupts:
        _consume(console, http, asked, renderer, interrupts, quiet=quiet)


def _consume(
    console: Console,
    http: "HttpClient",
    asked: Asked,
    renderer: "RecordRenderer",
    interrupts: Interrupts,
    *,
    quiet: bool,
) -> None:
    """Run the command, once its options make sense."""
    from cauce.cli.consuming.run import ConsumeRun
    from cauce.cli.server import check_topic

    for topic in asked.topics:
        check_topic(http, topic)
    wish = build_wish(asked, http)
    end = _end_watch(http, asked)
    if asked.count == 0:
        return
    give_up_s = None if asked.follow else GIVE_UP_S
    with (
        Progress(console, shown=not quiet and not console.stdout_is_terminal()) as progress,
        console.consumer(wish, http.url, as_json=renderer.wants_json, give_up_s=give_up_s) as it,
    ):
        run = ConsumeRun(
            console,
            it,
            renderer,
            progress,
            count=asked.count,
            is_member=asked.group is not None,
            end=end,
        )
        run.run(interrupts)
    if run.failed and not quiet:
        console.say(f"cauce: {run.failed:,} records left out: {run.first_failure}")
    if not quiet:
        console.say_to_person(f"{run.written:,} records of {', '.join(asked.topics)}")


def _shorts(
    given: list[str], start: str | None, output: OutputFormat | None
) -> tuple[str | None, OutputFormat | None]:
    """Return what --from and --output are, with what -o says of either.

    Raises:
        typer.BadParameter: One of them is given twice.
    """
    for text in given:
        if text in list(OutputFormat):
            if output is not None:
                raise typer.BadParameter(f"-o {text}: --output is given twice")
            output = OutputFormat(text)
        elif start is not None:
            raise typer.BadParameter(f"-o {text}: --from is given twice")
        else:
            start = text
    return start, output


def _renderer(
    output: OutputFormat, form: str | None, key_separator: str | None, null: str | None
) -> "RecordRenderer":
    """Check the options that say how records look.

    Raises:
        typer.BadParameter: They contradict each other.
    """
    from cauce.cli.records.format_string import RecordFormat
    from cauce.cli.records.record_output import FormatRenderer, JsonRenderer, ValueRenderer

    if output is OutputFormat.JSON:
        if form is not None or key_separator is not None or null is not None:
            raise typer.BadParameter("--format, --key-separator and --null go with --output value")
        return JsonRenderer()
    null_bytes = to_bytes(null or "")
    try:
        if form is not None:
            if key_separator is not None:
                raise typer.BadParameter("with --format, %k is the key: leave --key-separator out")
            return FormatRenderer(form=RecordFormat(form, null=null_bytes))
        separator = None if key_separator is None else parse_separator(key_separator)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return ValueRenderer(key_separator=separator, null=null_bytes)


def _end_watch(http: "HttpClient", asked: Asked) -> "EndWatch | None":
    """Return what tells a member that it is at the end, if it is to end there."""
    from cauce.cli.consuming.end_watch import EndWatch

    if asked.group is None or asked.follow:
        return None
    return EndWatch(http, asked.group, from_start=not asked.begins_at_end)
