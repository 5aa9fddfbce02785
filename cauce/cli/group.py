"""``cauce group``: list, describe, lag, seek, delete."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console, write_listing
from cauce.cli.options import DEFAULT_URL, AsJson, DryRun, Quiet, Url, Yes, check_text, examples
from cauce.cli.server import ask_to_delete, delete_each

if TYPE_CHECKING:
    from cauce.client.groups import AlteredOffset, Group, Lag

INT64_MAX = 2**63 - 1

app = typer.Typer(
    help="List, describe, move and delete consumer groups.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

GroupId = Annotated[
    str, typer.Argument(metavar="GROUP", help="Id of the group.", callback=check_text)
]


@app.command("list", epilog=examples("cauce group list", "cauce group list --json"))
def list_groups(context: typer.Context, *, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """List the groups."""
    from cauce.client.groups import Groups

    console: Console = context.obj
    with console.connect(url) as http:
        found = Groups(http).list()
    rows = [
        (one.consumer_group_id, one.state, one.kind, one.partition_assignor or "-") for one in found
    ]
    write_listing(console, found, ("GROUP", "STATE", "TYPE", "ASSIGNOR"), rows, as_json=as_json)


@app.command("describe", epilog=examples("cauce group describe billing"))
def describe(
    context: typer.Context, group_id: GroupId, *, as_json: AsJson = False, url: Url = DEFAULT_URL
) -> None:
    """Show the members of GROUP and the partitions that each of them reads."""
    from cauce.client.groups import Groups

    console: Console = context.obj
    with console.connect(url) as http:
        groups = Groups(http)
        group: Group = groups.get(group_id)
        members = [
            (one, groups.assignments(group_id, one.consumer_id)) for one in groups.members(group_id)
        ]
    rows = [
        (
            member.consumer_id,
            member.client_id,
            member.instance_id or "-",
            " ".join(f"{at.topic_name}-{at.partition_id}" for at in reads) or "-",
        )
        for member, reads in members
    ]
    if not as_json:
        head = f"Group:    {group.consumer_group_id}\nState:    {group.state}\n"
        head += f"Type:     {group.kind}\nAssignor: {group.partition_assignor or '-'}\n\n"
        console.write(head.encode())
    said = [{"member": member, "assignments": reads} for member, reads in members]
    write_listing(
        console, said, ("MEMBER", "CLIENT", "INSTANCE", "PARTITIONS"), rows, as_json=as_json
    )


@app.command("lag", epilog=examples("cauce group lag billing"))
def lag(
    context: typer.Context, group_id: GroupId, *, as_json: AsJson = False, url: Url = DEFAULT_URL
) -> None:
    """Show how far GROUP is behind, partition by partition."""
    from cauce.client.groups import Groups

    console: Console = context.obj
    with console.connect(url) as http:
        found: Sequence[Lag] = Groups(http).lags(group_id)
    rows = [
        (
            one.topic_name,
            one.partition_id,
            one.current_offset,
            one.log_end_offset,
            one.lag,
            one.consumer_id or "-",
        )
        for one in found
    ]
    headings = ("TOPIC", "PARTITION", "CURRENT", "END", "LAG", "MEMBER")
    write_listing(console, found, headings, rows, as_json=as_json)


@app.command(
    "seek",
    epilog=examples(
        "cauce group seek billing --to earliest --dry-run",
        "cauce group seek billing --shift=-100 --topic orders:0 --topic orders:1",
        "cauce group seek billing --timestamp 1767225600000",
    ),
)
def seek(
    context: typer.Context,
    group_id: GroupId,
    *,
    to: Annotated[
        str | None, typer.Option("--to", metavar="PLACE", help="earliest, latest or an offset.")
    ] = None,
    shift: Annotated[
        int | None,
        typer.Option("--shift", metavar="N", help="So many records on, or back if negative."),
    ] = None,
    timestamp: Annotated[
        int | None,
        typer.Option(
            "--timestamp", metavar="MS", min=0, help="First record at or after it, since 1970."
        ),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(
            "--topic",
            metavar="TOPIC:PARTITION",
            show_default="all that it has committed",
            help="What to move; may repeat.",
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Have GROUP go on reading elsewhere; nobody may be in it."""
    from cauce.client.groups import Groups

    target, value = _target(to, shift, timestamp)
    partitions = [_partition(one) for one in topic] if topic else None
    console: Console = context.obj
    with console.connect(url) as http:
        altered: Sequence[AlteredOffset] = Groups(http).alter_offsets(
            group_id, target, value=value, partitions=partitions, validate_only=dry_run
        )
    rows = [
        (
            one.topic_name,
            one.partition_id,
            "-" if one.current_offset is None else one.current_offset,
            one.new_offset,
            f"error {one.error_code}" if one.error_code else "planned" if dry_run else "done",
        )
        for one in altered
    ]
    write_listing(
        console, altered, ("TOPIC", "PARTITION", "CURRENT", "NEW", "OUTCOME"), rows, as_json=as_json
    )
    if any(one.error_code for one in altered):
        raise typer.Exit(exit_codes.REFUSED)


@app.command(
    "delete",
    epilog=examples("cauce group delete old --dry-run", "cauce group delete old older --yes"),
)
def delete(
    context: typer.Context,
    group_ids: Annotated[list[str], typer.Argument(metavar="GROUP...", help="Ids of the groups.")],
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete groups that nobody is in, with their committed offsets.

    Asks on a terminal; elsewhere --yes must be given.
    """
    from cauce.client.groups import Groups

    console: Console = context.obj
    group_ids = [check_text(one) for one in group_ids]
    if not yes and not dry_run:
        ask_to_delete(console, f"{', '.join(group_ids)} with all committed offsets")
    with console.connect(url) as http:
        groups = Groups(http)

        def delete_or_plan(group_id: str) -> str | None:
            if dry_run:
                return _deletion_planned(groups.get(group_id))
            groups.delete(group_id)
            return None

        delete_each(console, "group", group_ids, delete_or_plan, quiet=quiet)


def _deletion_planned(group: "Group") -> str:
    if group.state == "EMPTY":
        return f"Group {group.consumer_group_id} would be deleted."
    return f"Group {group.consumer_group_id} would stay: it is {group.state}, not EMPTY."


def _target(to: str | None, shift: int | None, timestamp: int | None) -> tuple[str, int | None]:
    if [to, shift, timestamp].count(None) != 2:
        raise typer.BadParameter("one of --to, --shift and --timestamp says where to")
    if shift is not None:
        return "shift", shift
    if timestamp is not None:
        return "timestamp", timestamp
    assert to is not None, "one of the three is given"
    if to in ("earliest", "latest"):
        return to, None
    if to.isascii() and to.isdigit() and int(to) <= INT64_MAX:
        return "exact", int(to)
    raise typer.BadParameter(f"--to is earliest, latest or an offset, not {to!a}")


def _partition(text: str) -> tuple[str, int]:
    topic, colon, number = check_text(text).rpartition(":")
    if not (topic and colon and number.isascii() and number.isdigit()):
        raise typer.BadParameter(f"--topic is TOPIC:PARTITION, not {text!a}")
    return topic, int(number)
