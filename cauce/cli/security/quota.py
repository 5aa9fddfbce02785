"""``cauce quota``: list, set, delete."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console, table
from cauce.cli.options import DEFAULT_URL, Quiet, Url, check_text, examples, parse_assignments

if TYPE_CHECKING:
    from cauce.client.quotas import Entity, Quota

app = typer.Typer(
    help="Limit what users, clients and addresses may use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _text(text: str | None) -> str | None:
    return None if text is None else check_text(text)


LIMITS = (
    "Limits: producer_byte_rate, consumer_byte_rate, request_percentage and "
    "controller_mutation_rate of users and clients, connection_creation_rate of addresses."
)

User = Annotated[
    str | None,
    typer.Option("--user", metavar="NAME", help="A user, or <default>.", callback=_text),
]
ClientId = Annotated[
    str | None,
    typer.Option("--client-id", metavar="ID", help="A client, or <default>.", callback=_text),
]
Address = Annotated[
    str | None,
    typer.Option("--ip", metavar="ADDRESS", help="An address, or <default>.", callback=_text),
]


@app.command("list", epilog=examples("cauce quota list", "cauce quota list --user alice --json"))
def list_quotas(
    context: typer.Context,
    *,
    user: User = None,
    client_id: ClientId = None,
    ip: Address = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the quotas, or those of a user, a client or an address."""
    from cauce.client.quotas import Entity, Quotas

    console: Console = context.obj
    with console.connect(url) as http:
        found = Quotas(http).list(Entity(user, client_id, ip))
    if as_json:
        lines = [json.dumps({**one.parts(), "values": one.values}) for one in found]
        console.write("".join(f"{line}\n" for line in lines).encode())
    else:
        console.write(table(["USER", "CLIENT", "IP", "QUOTA", "VALUE"], _rows(found)))


@app.command(
    "set",
    epilog=examples(
        "cauce quota set --user alice producer_byte_rate=1048576 request_percentage=50",
        "cauce quota set --user '<default>' --client-id batch consumer_byte_rate=10485760",
        "cauce quota set --ip '<default>' connection_creation_rate=20",
    ),
)
def set_quota(
    context: typer.Context,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help=LIMITS)],
    *,
    user: User = None,
    client_id: ClientId = None,
    ip: Address = None,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Set limits of a user, a client id, both, or an address; all or none."""
    from cauce.client.quotas import Quotas

    entity = _entity(user, client_id, ip)
    wanted = {name: _number(name, text) for name, text in _assigned(values).items()}
    console: Console = context.obj
    with console.connect(url) as http:
        Quotas(http).alter(entity, wanted)
    if not quiet:
        console.say(f"Set {', '.join(wanted)} of {_worded(entity)}.")


@app.command(
    "delete",
    epilog=examples(
        "cauce quota delete --user alice", "cauce quota delete --user alice request_percentage"
    ),
)
def delete_quota(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Only these limits.", show_default=False),
    ] = None,
    *,
    user: User = None,
    client_id: ClientId = None,
    ip: Address = None,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Remove limits of a user, a client id, both, or an address: those that are named, or all."""
    from cauce.client.quotas import Quotas

    entity = _entity(user, client_id, ip)
    console: Console = context.obj
    with console.connect(url) as http:
        if names:
            Quotas(http).alter(entity, dict.fromkeys(map(check_text, names)))
        else:
            Quotas(http).delete(entity)
    if not quiet:
        console.say(f"Removed {', '.join(names) if names else 'all limits'} of {_worded(entity)}.")


def _entity(user: str | None, client_id: str | None, ip: str | None) -> "Entity":
    from cauce.client.quotas import Entity

    entity = Entity(user, client_id, ip)
    if not entity.parts():
        raise typer.BadParameter("say --user, --client-id or --ip")
    return entity


def _assigned(values: list[str]) -> dict[str, str]:
    return parse_assignments(values, "NAME=VALUE")


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise typer.BadParameter(f"{name} must be a number, not {text!r}") from None
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{name} must be greater than 0")
    return value


def _worded(entity: "Entity") -> str:
    names = {"user": "user", "client_id": "client", "ip": "address"}
    return ", ".join(f"{names[part]} {name}" for part, name in entity.parts().items())


def _rows(found: "Sequence[Quota]") -> list[list[str]]:
    rows: list[list[str]] = []
    for one in found:
        parts = [one.user or "", one.client_id or "", one.ip or ""]
        rows += [[*parts, name, f"{value:.17g}"] for name, value in sorted(one.values.items())]
    return rows
