"""``cauce key``: list, create, describe, revoke."""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console, write_listing
from cauce.cli.options import DEFAULT_URL, AsJson, Quiet, Url, Yes, check_text, examples
from cauce.cli.security.times import parse_span, time_text
from cauce.cli.server import ask_to_delete, delete_each

if TYPE_CHECKING:
    from cauce.client.api_keys import ApiKey

app = typer.Typer(
    help="Make and revoke API keys, with which programs log in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class Scope(StrEnum):
    """What a key may be narrowed to."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@app.command("list", epilog=examples("cauce key list", "cauce key list alice --json"))
def list_keys(
    context: typer.Context,
    user: Annotated[
        str | None,
        typer.Argument(metavar="[USER]", help="Only of this user.", show_default=False),
    ] = None,
    *,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List your own API keys, and those of others that you may see; never the secrets."""
    from cauce.client.api_keys import ApiKeys

    wanted = None if user is None else check_text(user)
    console: Console = context.obj
    with console.connect(url) as http:
        found = [one for one in ApiKeys(http).list() if wanted in (None, one.user)]
    _write(console, found, as_json)


@app.command("describe", epilog=examples("cauce key describe 1f2e3d4c5b6a7988"))
def describe(
    context: typer.Context,
    key_id: Annotated[
        str, typer.Argument(metavar="KEY_ID", help="Id of the key.", callback=check_text)
    ],
    *,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Show one key: whose it is, what it may, when it ends and when it was used."""
    from cauce.client.api_keys import ApiKeys

    console: Console = context.obj
    with console.connect(url) as http:
        found = [one for one in ApiKeys(http).list() if one.key_id == key_id]
    if not found:
        console.say("cauce: there is no such API key, or you may not see it; see `cauce key list`")
        raise typer.Exit(exit_codes.REFUSED)
    _write(console, found, as_json)


@app.command(
    "create",
    epilog=examples(
        "cauce key create alice --description laptop --expires-in 90d",
        "cauce key create app --scope read --scope write",
        "(umask 077; cauce key create app > app.key)",
    ),
)
def create(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose it is.", callback=check_text)],
    *,
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help="Narrow it; may repeat.", show_default="all the user may"),
    ] = None,
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="For people.", callback=check_text)
    ] = "",
    expires_in: Annotated[
        str | None,
        typer.Option(
            "--expires-in", metavar="SPAN", help="90d, 12h, 30m, ...", show_default="never"
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Make an API key and write it to standard output: the only time that it is shown."""
    import msgspec

    from cauce.client.api_keys import ApiKeys, WantedApiKey

    wanted = WantedApiKey(
        user=user,
        scopes=tuple(sorted({str(one) for one in scope})) if scope else None,
        description=description,
        expires_at_ms=None if expires_in is None else _end_ms(expires_in),
    )
    console: Console = context.obj
    with console.connect(url) as http:
        made = ApiKeys(http).create(wanted)
    if not quiet:
        end = time_text(made.expires_at_ms, "never")
        console.say(
            f"Made key {made.key_id} of {made.user}, which ends {end}. "
            "It is shown this once: keep it as a password."
        )
    console.write(msgspec.json.encode(made) + b"\n" if as_json else f"{made.key}\n".encode())


@app.command("revoke", epilog=examples("cauce key revoke 1f2e3d4c5b6a7988 --yes"))
def revoke(
    context: typer.Context,
    key_ids: Annotated[list[str], typer.Argument(metavar="KEY_ID...", help="Ids of the keys.")],
    *,
    yes: Yes = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete keys for good; what logged in with them is cut within seconds.

    Asks on a terminal; elsewhere --yes must be given.
    """
    from cauce.client.api_keys import ApiKeys

    console: Console = context.obj
    key_ids = [check_text(one) for one in key_ids]
    for one in key_ids:
        if one.startswith("cauce_"):
            raise typer.BadParameter("that is a key, which should be in no argument; give its id")
    if not yes:
        ask_to_delete(console, f"key {', '.join(key_ids)} for good")
    with console.connect(url) as http:
        keys = ApiKeys(http)

        def delete_one(key_id: str) -> str:
            keys.delete(key_id)
            return f"Revoked key {key_id}."

        delete_each(console, "key", key_ids, delete_one, quiet=quiet)


def _end_ms(span: str) -> int:
    try:
        return int((time.time() + parse_span(span).total_seconds()) * 1000)
    except ValueError as error:
        raise typer.BadParameter(f"--expires-in: {error}") from None


def _write(console: Console, found: "Sequence[ApiKey]", as_json: bool) -> None:
    rows = [
        (
            one.key_id,
            one.user,
            "all" if one.scopes is None else ", ".join(one.scopes),
            time_text(one.created_at_ms),
            time_text(one.expires_at_ms, "never"),
            time_text(one.last_used_at_ms, "never"),
            one.description,
        )
        for one in found
    ]
    headings = ("KEY", "USER", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "DESCRIPTION")
    write_listing(console, found, headings, rows, as_json=as_json)
