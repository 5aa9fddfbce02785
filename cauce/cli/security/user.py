"""``cauce user``: list, create, describe, alter, delete."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console, write_listing
from cauce.cli.login.secret_input import STDIN, ask_new_password, read_secret
from cauce.cli.options import DEFAULT_URL, AsJson, Quiet, Url, Yes, check_text, examples
from cauce.cli.security.times import time_text
from cauce.cli.server import ask_to_delete, delete_each

if TYPE_CHECKING:
    from cauce.client.users import User

app = typer.Typer(
    help="Say who may log in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
UserName = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the user.", callback=check_text)
]
PasswordFile = Annotated[
    str | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Its first line is the user's new password; - for standard input.",
        show_default="asked for on a terminal",
    ),
]


@app.command("list", epilog=examples("cauce user list", "cauce user list --json | jq -r .name"))
def list_users(context: typer.Context, *, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """List the users."""
    from cauce.client.users import Users

    console: Console = context.obj
    with console.connect(url) as http:
        found = Users(http).list()
    _write(console, found, as_json)


@app.command("describe", epilog=examples("cauce user describe alice"))
def describe(
    context: typer.Context, name: UserName, *, as_json: AsJson = False, url: Url = DEFAULT_URL
) -> None:
    """Show one user: what it can log in with, and since when it is there."""
    from cauce.client.users import Users

    console: Console = context.obj
    with console.connect(url) as http:
        found = Users(http).get(name)
    _write(console, [found], as_json)


@app.command(
    "create",
    epilog=examples(
        "cauce user create alice",
        "(umask 077; openssl rand -hex 32 > app.secret)",
        "cauce user create app --password-file app.secret",
        "cauce user create robot --no-password",
    ),
)
def create(
    context: typer.Context,
    name: UserName,
    *,
    password_file: PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="It logs in with API keys alone.")
    ] = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Create a user, who may do nothing until ACLs say otherwise."""
    from cauce.client.users import Users

    if no_password and password_file is not None:
        raise typer.BadParameter("--no-password and --password-file do not go together")
    console: Console = context.obj
    password = None if no_password else _new_password(console, name, password_file)
    with console.connect(url) as http:
        Users(http).create(name, password)
    if not quiet:
        console.say(f"Created user {name}.")


@app.command(
    "alter",
    epilog=examples("cauce user alter alice", "cauce user alter app --password-file app.secret"),
)
def alter(
    context: typer.Context,
    name: UserName,
    *,
    password_file: PasswordFile = None,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Give a user another password; what logged in with the old one is cut. API keys stay."""
    from cauce.client.users import Users

    console: Console = context.obj
    password = _new_password(console, name, password_file)
    with console.connect(url) as http:
        Users(http).alter(name, password)
    if not quiet:
        console.say(f"Changed the password of user {name}.")


@app.command("delete", epilog=examples("cauce user delete alice", "cauce user delete app --yes"))
def delete(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of the users.")],
    *,
    yes: Yes = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete users with their API keys; who is logged in is cut. ACLs of them stay.

    Asks on a terminal; elsewhere --yes must be given.
    """
    from cauce.client.users import Users

    console: Console = context.obj
    names = [check_text(name) for name in names]
    if not yes:
        ask_to_delete(console, f"user {', '.join(names)} with all API keys")
    with console.connect(url) as http:
        delete_each(console, "user", names, Users(http).delete, quiet=quiet)


def _new_password(console: Console, name: str, path: str | None) -> str:
    """Return a user's new password, asked for where no file holds it."""
    if path is not None:
        return read_secret(console, path, "--password-file")
    if console.stdin_is_terminal():
        return ask_new_password(console, name)
    return read_secret(console, STDIN, "the password")


def _write(console: Console, found: "Sequence[User]", as_json: bool) -> None:
    rows = [
        (
            one.name,
            "yes" if one.has_password else "no",
            ", ".join(one.scram_mechanisms),
            time_text(one.created_at_ms),
        )
        for one in found
    ]
    write_listing(console, found, ("USER", "PASSWORD", "SCRAM", "CREATED"), rows, as_json=as_json)
