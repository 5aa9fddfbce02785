"""``cauce acl``: list, create, delete, explain."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console, table
from cauce.cli.options import DEFAULT_URL, AsJson, Quiet, Url, Yes, check_text, examples
from cauce.cli.server import ask_to_delete

if TYPE_CHECKING:
    from cauce.client.acls import Acl

CLUSTER_NAME = "kafka-cluster"
NO_SUCH_ACL = "There is no such ACL."

app = typer.Typer(
    help="Say who may do what, and ask why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class Pattern(StrEnum):
    """How a resource's name is read."""

    LITERAL = "literal"
    PREFIXED = "prefixed"


class Wanted(StrEnum):
    """How the name of a filter is read."""

    ANY = "any"
    MATCH = "match"
    LITERAL = "literal"
    PREFIXED = "prefixed"


KINDS = ("TOPIC", "GROUP", "SUBJECT", "TRANSACTIONAL_ID", "USER", "DELEGATION_TOKEN", "CLUSTER")
OPERATIONS = (
    *("READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "CLUSTER_ACTION"),
    *("DESCRIBE_CONFIGS", "ALTER_CONFIGS", "IDEMPOTENT_WRITE", "CREATE_TOKENS", "DESCRIBE_TOKENS"),
    "ALL",
)
"""As the server has them; a test holds them to it."""


def _text(text: str | None) -> str | None:
    return None if text is None else check_text(text)


def _principal(text: str | None) -> str | None:
    """Check that a principal is written with its kind."""
    if text is not None and not all(check_text(text).partition(":")):
        raise typer.BadParameter(f"{text!a} is not KIND:NAME, such as User:alice")
    return text


def _resource(text: str | None) -> str | None:
    """Check that a resource is written as KIND:NAME, or as ``cluster``."""
    if text is not None and text != "cluster":
        kind, colon, name = check_text(text).partition(":")
        if not (kind and colon and name):
            raise typer.BadParameter(f"{text!a} is not KIND:NAME, such as topic:orders, or cluster")
        _check_word(kind, KINDS)
        if _word(kind) == "CLUSTER" and name != CLUSTER_NAME:
            raise typer.BadParameter("there is one cluster, and it is written cluster")
    return text


def _operation(text: str | None) -> str | None:
    return None if text is None else _check_word(text, OPERATIONS)


def _asked(text: str) -> str:
    return _check_word(text, OPERATIONS[:-1])


def _operations(texts: list[str]) -> list[str]:
    return [_check_word(one, OPERATIONS) for one in texts]


def _check_word(text: str, known: Sequence[str]) -> str:
    if _word(text) not in known:
        words = ", ".join(one.lower().replace("_", "-") for one in known)
        raise typer.BadParameter(f"{text!a} is none of {words}")
    return text


Principal = Annotated[
    str, typer.Option("--principal", metavar="WHO", help="As User:alice.", callback=_principal)
]
Resource = Annotated[
    str,
    typer.Option(
        "--resource",
        metavar="KIND:NAME",
        help="topic:orders, group:*, subject:orders-value, transactional-id:tx, cluster.",
        callback=_resource,
    ),
]
Operations = Annotated[
    list[str],
    typer.Option(
        "--operation",
        metavar="NAME",
        help="read, write, all, ...; may repeat.",
        callback=_operations,
    ),
]
SomePrincipal = Annotated[
    str | None,
    typer.Option("--principal", metavar="WHO", help="Only of this one.", callback=_principal),
]
SomeResource = Annotated[
    str | None,
    typer.Option(
        "--resource",
        metavar="KIND:NAME",
        help="Only on this one; the name may be left to --pattern.",
        callback=_resource,
    ),
]
SomeOperation = Annotated[
    str | None,
    typer.Option(
        "--operation",
        metavar="NAME",
        help="Only this one, as it is written.",
        callback=_operation,
    ),
]
SomeHost = Annotated[
    str | None, typer.Option("--host", metavar="HOST", help="Only from here.", callback=_text)
]
NamePattern = Annotated[
    Wanted, typer.Option("--pattern", help="How the name is read; match: all that speak of it.")
]


@app.command(
    "list",
    epilog=examples(
        "cauce acl list",
        "cauce acl list --principal User:alice --json",
        "cauce acl list --resource topic:orders --pattern match",
    ),
)
def list_acls(
    context: typer.Context,
    *,
    principal: SomePrincipal = None,
    resource: SomeResource = None,
    pattern: NamePattern = Wanted.ANY,
    operation: SomeOperation = None,
    host: SomeHost = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the ACLs, or those that are meant."""
    from cauce.client.acls import Acls

    console: Console = context.obj
    with console.connect(url) as http:
        found = Acls(http).list(_filter(principal, resource, pattern, operation, host))
    _write(console, found, as_json)


@app.command(
    "create",
    epilog=examples(
        "cauce acl create --principal User:alice --resource topic:orders --operation read",
        "cauce acl create --principal User:app --resource topic:app- --pattern prefixed "
        "--operation all",
        "cauce acl create --deny --principal 'User:*' --resource cluster --operation alter",
    ),
)
def create(
    context: typer.Context,
    *,
    principal: Principal,
    resource: Resource,
    operation: Operations,
    pattern: Annotated[
        Pattern, typer.Option("--pattern", help="How the name is read.")
    ] = Pattern.LITERAL,
    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST", help="An address, a network, or *.", callback=_text),
    ] = "*",
    deny: Annotated[bool, typer.Option("--deny", help="Deny it; a denial always wins.")] = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Create an ACL for each operation, all or none."""
    from cauce.client.acls import Acl, Acls

    console: Console = context.obj
    kind, name = _kind_and_name(resource)
    acls = [
        Acl(
            resource_type=kind,
            resource_name=name,
            pattern_type=pattern.name,
            principal=principal,
            host=host,
            operation=_word(one),
            permission="DENY" if deny else "ALLOW",
        )
        for one in operation
    ]
    with console.connect(url) as http:
        Acls(http).create(acls)
    if not quiet:
        console.say("".join(f"Created: {_worded(one)}\n" for one in acls).rstrip())


@app.command(
    "delete",
    epilog=examples(
        "cauce acl delete --principal User:alice --resource topic:orders --yes",
        "cauce acl delete --principal User:alice --dry-run",
    ),
)
def delete(
    context: typer.Context,
    *,
    principal: SomePrincipal = None,
    resource: SomeResource = None,
    pattern: NamePattern = Wanted.ANY,
    operation: SomeOperation = None,
    host: SomeHost = None,
    yes: Yes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted; do nothing.")
    ] = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete the ACLs that are meant. Asks on a terminal; elsewhere --yes must be given."""
    from cauce.client.acls import Acls

    wanted = _filter(principal, resource, pattern, operation, host)
    if set(wanted) <= {"pattern_type"}:
        raise typer.BadParameter("say which: --principal, --resource, --operation or --host")
    console: Console = context.obj
    with console.connect(url) as http:
        acls = Acls(http)
        found = acls.list(wanted)
        if dry_run:
            said = "".join(f"Would be deleted: {_worded(one)}\n" for one in found).rstrip()
            console.say(said or NO_SUCH_ACL)
            return
        if found and not yes:
            if console.stdin_is_terminal():
                console.say("".join(f"{_worded(one)}\n" for one in found).rstrip())
            ask_to_delete(console, f"{len(found)} ACLs")
        deleted = acls.delete(wanted) if found else []
    if not quiet:
        said = "".join(f"Deleted: {_worded(one)}\n" for one in deleted).rstrip()
        console.say(said or NO_SUCH_ACL)


@app.command(
    "explain",
    epilog=examples(
        "cauce acl explain --principal User:alice --resource topic:orders --operation write",
    ),
)
def explain(
    context: typer.Context,
    *,
    principal: Principal,
    resource: Resource,
    operation: Annotated[
        str,
        typer.Option("--operation", metavar="NAME", help="What it wants.", callback=_asked),
    ],
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="From where; without it only rules of every host count.",
            callback=_text,
        ),
    ] = "",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Say whether somebody may, and which rule decides. Exit status 1 if not."""
    from cauce.client.acls import Acls

    console: Console = context.obj
    kind, name = _kind_and_name(resource)
    question = {
        "principal": principal,
        "host": host,
        "operation": _word(operation),
        "resource_type": kind,
        "resource_name": name,
    }
    with console.connect(url) as http:
        decision = Acls(http).explain(question)
    if as_json:
        import msgspec

        console.write(msgspec.json.encode(decision) + b"\n")
    else:
        verdict = "allowed" if decision.is_allowed else "denied"
        rule = f"\n  {_worded(decision.acl)}" if decision.acl is not None else ""
        console.write(f"{verdict}: {decision.message}{rule}\n".encode())
    if not decision.is_allowed:
        raise typer.Exit(exit_codes.REFUSED)


def _kind_and_name(resource: str) -> tuple[str, str]:
    if resource == "cluster":
        return "CLUSTER", CLUSTER_NAME
    kind, _, name = resource.partition(":")
    return _word(kind), name


def _word(text: str) -> str:
    """Return a word as Kafka writes it."""
    return check_text(text).strip().upper().replace("-", "_")


def _filter(
    principal: str | None,
    resource: str | None,
    pattern: Wanted,
    operation: str | None,
    host: str | None,
) -> dict[str, str]:
    wanted = {"pattern_type": pattern.name}
    if resource is not None:
        wanted["resource_type"], wanted["resource_name"] = _kind_and_name(resource)
    if principal is not None:
        wanted["principal"] = principal
    if operation is not None:
        wanted["operation"] = _word(operation)
    if host is not None:
        wanted["host"] = host
    return wanted


def _worded(acl: "Acl") -> str:
    kind = acl.resource_type.lower().replace("_", "-")
    name = acl.resource_name + ("..." if acl.pattern_type == "PREFIXED" else "")
    verb, operation = acl.permission.lower(), acl.operation.lower().replace("_", "-")
    return f"{verb} {acl.principal} from {acl.host} to {operation} {kind} {name}"


def _write(console: Console, found: "Sequence[Acl]", as_json: bool) -> None:
    import msgspec

    rows = [list(msgspec.structs.asdict(one).values()) for one in found]
    if as_json:
        lines = [json.dumps(msgspec.structs.asdict(one)) for one in found]
        console.write("".join(f"{line}\n" for line in lines).encode())
    else:
        headings = ["RESOURCE", "NAME", "PATTERN", "PRINCIPAL", "HOST", "OPERATION", "PERMISSION"]
        console.write(table(headings, rows))
