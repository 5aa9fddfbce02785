"""``cauce topic``: create, list, describe, alter, delete."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console, table
from cauce.cli.options import (
    DEFAULT_URL,
    Quiet,
    TopicName,
    Url,
    Yes,
    check_text,
    examples,
    parse_assignments,
)
from cauce.cli.server import ask_to_delete, check_topic, delete_each

if TYPE_CHECKING:
    from cauce.cli.topic_description import TopicDescription
    from cauce.client.topics import Topic, Topics

BAD_REQUEST = 40002
"""Kafka refused it: the topic exists, among other reasons."""

PARTITIONS_MAX = 2**31 - 1
REPLICATION_FACTOR_MAX = 2**15 - 1

app = typer.Typer(
    help="Create, list, describe, alter and delete topics.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class ListFormat(StrEnum):
    """How a list is written."""

    TABLE = "table"
    VALUE = "value"
    JSON = "json"


class DescriptionFormat(StrEnum):
    """How one thing is written."""

    TABLE = "table"
    JSON = "json"


Configs = Annotated[
    list[str] | None,
    typer.Option(
        "--config", "-c", metavar="NAME=VALUE", help="Setting, by Kafka's name; may repeat."
    ),
]
ReplicationFactor = Annotated[
    int | None,
    typer.Option(
        "--replication-factor",
        "-r",
        min=1,
        max=REPLICATION_FACTOR_MAX,
        metavar="N",
        show_default="the server's",
        help="Copies of each partition.",
    ),
]


@app.command(
    "create",
    epilog=examples(
        "cauce topic create orders --partitions 6",
        "cauce topic create audit --config flush.messages=1 --if-not-exists",
    ),
)
def create(
    context: typer.Context,
    name: TopicName,
    *,
    partitions: Annotated[
        int | None,
        typer.Option(
            "--partitions",
            "-p",
            min=1,
            max=PARTITIONS_MAX,
            metavar="N",
            show_default="the server's",
            help="How many partitions.",
        ),
    ] = None,
    replication_factor: ReplicationFactor = None,
    config: Configs = None,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="Leave a topic that exists as it is.")
    ] = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Create TOPIC."""
    from cauce.client.errors import Refused
    from cauce.client.topics import Topics

    configs = parse_assignments(config or [], "--config")
    console: Console = context.obj
    with console.connect(url) as http:
        topics = Topics(http)
        try:
            topic = topics.create(
                name, partitions=partitions, replication_factor=replication_factor, configs=configs
            )
        except Refused as error:
            if not (if_not_exists and error.error_code == BAD_REQUEST and _exists(topics, name)):
                raise
            outcome = f"Topic {name} exists; it was left as it is."
        else:
            outcome = f"Created topic {name} with {_partitions(topic.partitions_count)}."
    if not quiet:
        console.say(outcome)


@app.command(
    "list",
    epilog=examples(
        "cauce topic list",
        "cauce topic list -o json | jq .partitions_count",
    ),
)
def list_topics(
    context: typer.Context,
    *,
    output: Annotated[
        ListFormat | None,
        typer.Option(
            "--output", "-o", show_default="table on a terminal, else value", help="value: names."
        ),
    ] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="Also those that the server keeps for itself.")
    ] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the topics."""
    from cauce.client.topics import Topics

    console: Console = context.obj
    with console.connect(url) as http:
        found = [topic for topic in Topics(http).list() if internal or not topic.is_internal]
    if output is None:
        output = ListFormat.TABLE if console.stdout_is_terminal() else ListFormat.VALUE
    console.write(_listed(found, output))


@app.command(
    "describe",
    epilog=examples(
        "cauce topic describe orders",
        "cauce topic describe orders -o json",
    ),
)
def describe(
    context: typer.Context,
    name: TopicName,
    *,
    output: Annotated[
        DescriptionFormat, typer.Option("--output", "-o", help="How it is written.")
    ] = DescriptionFormat.TABLE,
    url: Url = DEFAULT_URL,
) -> None:
    """Show TOPIC: partitions, leaders, offsets, and the settings that are not default.

    LATEST is the offset that the next record gets.
    """
    from cauce.cli.topic_description import describe_topic
    from cauce.client.topics import Topics

    console: Console = context.obj
    with console.connect(url) as http:
        check_topic(http, name)
        description: TopicDescription = describe_topic(Topics(http), name)
    as_json = output is DescriptionFormat.JSON
    console.write(description.as_json() if as_json else description.as_text())


@app.command(
    "alter",
    epilog=examples(
        "cauce topic alter orders --config segment.bytes=268435456",
        "cauce topic alter orders --delete-config segment.bytes --partitions 12",
    ),
)
def alter(
    context: typer.Context,
    name: TopicName,
    *,
    partitions: Annotated[
        int | None,
        typer.Option(
            "--partitions",
            "-p",
            min=1,
            max=PARTITIONS_MAX,
            metavar="N",
            help="Raise their number to N; keys may go to other partitions from then on.",
        ),
    ] = None,
    config: Configs = None,
    delete_config: Annotated[
        list[str] | None,
        typer.Option("--delete-config", metavar="NAME", help="Back to default; may repeat."),
    ] = None,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Change the settings of TOPIC, or give it more partitions.

    Settings change all or none, and before the partitions.
    """
    from cauce.client.topics import Topics

    changes: dict[str, str | None] = dict(parse_assignments(config or [], "--config"))
    for key in map(check_text, delete_config or []):
        if key in changes:
            raise typer.BadParameter(f"{key} is set and deleted, or deleted twice")
        changes[key] = None
    if not changes and partitions is None:
        raise typer.BadParameter("nothing to alter: --partitions, --config or --delete-config")
    console: Console = context.obj
    with console.connect(url) as http:
        topics = Topics(http)
        if changes:
            topics.alter_configs(name, changes)
            if not quiet:
                console.say(f"Changed {', '.join(changes)} of topic {name}.")
        if partitions is not None:
            topic = topics.add_partitions(name, partitions)
            if not quiet:
                console.say(f"Topic {name} has {_partitions(topic.partitions_count)} now.")


@app.command(
    "delete",
    epilog=examples(
        "cauce topic delete orders",
        "cauce topic delete old-1 old-2 --yes",
    ),
)
def delete(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="TOPIC...", help="Names of the topics.")],
    *,
    yes: Yes = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete topics with all their records.

    Asks on a terminal; elsewhere --yes must be given.
    """
    from cauce.client.topics import Topics

    console: Console = context.obj
    names = [check_text(name) for name in names]
    if not yes:
        ask_to_delete(console, f"{', '.join(names)} with all records")
    with console.connect(url) as http:
        delete_each(console, "topic", names, Topics(http).delete, quiet=quiet)


def _exists(topics: "Topics", name: str) -> bool:
    from cauce.client.errors import Refused

    try:
        topics.get(name)
    except Refused:
        return False
    return True


def _listed(topics: "list[Topic]", output: ListFormat) -> bytes:
    if output is ListFormat.VALUE:
        return "".join(f"{topic.topic_name}\n" for topic in topics).encode()
    if output is ListFormat.JSON:
        import msgspec

        return msgspec.json.Encoder().encode_lines(topics)
    rows = [
        (topic.topic_name, topic.partitions_count, topic.replication_factor) for topic in topics
    ]
    return table(("TOPIC", "PARTITIONS", "REPLICATION"), rows)


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count} partitions"
