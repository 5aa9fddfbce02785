"""``cauce token``: get, refresh, revoke, whoami."""

from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console
from cauce.cli.login.secret_input import ask_secret, read_secret
from cauce.cli.options import DEFAULT_URL, Quiet, Url, examples
from cauce.cli.security.key import Scope
from cauce.cli.security.times import time_text

if TYPE_CHECKING:
    from cauce.client.tokens import Tokens

app = typer.Typer(
    help="Get and revoke access tokens, and see who you are.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Scopes = Annotated[
    list[Scope] | None,
    typer.Option("--scope", help="Narrow it; may repeat.", show_default="all you may"),
]
TokenFile = Annotated[
    str | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="Its first line is the token; - for standard input.",
        show_default="asked for on a terminal",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="All that the server answers, as JSON.")]


@app.command(
    "get",
    epilog=examples(
        "cauce token get --user alice",
        "CAUCE_API_KEY=$(cauce token get --user alice --scope read) cauce topic list",
        "cauce token get --api-key-file app.key --json",
    ),
)
def get(
    context: typer.Context,
    *,
    scope: Scopes = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Get an access token for what you log in with, and write it to standard output.

    It is taken wherever an API key is, for some minutes.
    """
    from cauce.client.tokens import TokenIssuer

    console: Console = context.obj
    login = console.login.find(console)
    if not login:
        raise typer.BadParameter("a token for whom? log in with --user or --api-key-file")
    key = login.get("api_key")
    with console.connect(url, {"basic": ("", key)} if key else login) as http:
        found = TokenIssuer(http).get([str(one) for one in scope or []])
    _write(console, found, as_json=as_json, quiet=quiet)


@app.command("refresh", epilog=examples("cauce token refresh --token-file refresh.token --json"))
def refresh(
    context: typer.Context,
    *,
    token_file: TokenFile = None,
    scope: Scopes = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Get the next access token for a refresh token, which is used up: --json shows the next."""
    from cauce.client.tokens import TokenIssuer

    console: Console = context.obj
    token = _token(console, token_file, "Refresh token")
    with console.connect(url, {}) as http:
        found = TokenIssuer(http).refresh(token, [str(one) for one in scope or []])
    _write(console, found, as_json=as_json, quiet=quiet)


@app.command("revoke", epilog=examples("cauce token revoke --token-file access.token"))
def revoke(
    context: typer.Context,
    *,
    token_file: TokenFile = None,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Revoke a token; a refresh token ends all that came of its login. Whoever has it may."""
    from cauce.client.tokens import TokenIssuer

    console: Console = context.obj
    token = _token(console, token_file, "Token to revoke")
    with console.connect(url, {}) as http:
        TokenIssuer(http).revoke(token)
    if not quiet:
        console.say("The token is good no more, if it was.")


@app.command("whoami", epilog=examples("cauce token whoami --api-key-file app.key"))
def who_am_i(context: typer.Context, *, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """Show who the server takes you for, by what, narrowed to what and until when."""
    from cauce.client.tokens import TokenIssuer

    console: Console = context.obj
    with console.connect(url) as http:
        found = TokenIssuer(http).who_am_i()
    if as_json:
        import msgspec

        console.write(msgspec.json.encode(found) + b"\n")
        return
    lines = [
        f"Principal:  {found.principal}",
        f"From:       {found.host}",
        f"By:         {found.credential or 'nothing'}",
        f"Scopes:     {'all' if found.scopes is None else ', '.join(found.scopes)}",
        f"Until:      {time_text(found.expires_at_ms, 'no end')}",
    ]
    console.write("".join(f"{line}\n" for line in lines).encode())


def _token(console: Console, path: str | None, what: str) -> str:
    if path is not None:
        return read_secret(console, path, "--token-file")
    return ask_secret(console, what, instead="give --token-file FILE, or - for standard input")


def _write(console: Console, found: "Tokens", *, as_json: bool, quiet: bool) -> None:
    import msgspec

    if not quiet:
        console.say(f"A token for {found.expires_in} seconds: keep it as a password.")
    text = msgspec.json.encode(found) if as_json else found.access_token.encode()
    console.write(text + b"\n")
