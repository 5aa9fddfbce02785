"""``cauce delegation-token``: list, describe, create, renew, expire."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli.console import Console, write_listing
from cauce.cli.options import DEFAULT_URL, AsJson, Quiet, Url, Yes, check_text, examples
from cauce.cli.security.times import parse_span, time_text
from cauce.cli.server import ask_to_delete, delete_each

if TYPE_CHECKING:
    from cauce.client.delegation_tokens import DelegationToken, NewDelegationToken

ID_CHARS_MAX = 64
"""What is longer is no id, but may be a secret."""

PROPERTIES = """\
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="{id}" password="{secret}" tokenauth="true";
"""

app = typer.Typer(
    help="Lend programs a login of yours that ends, for Kafka's protocol (KIP-48).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def check_id(text: str) -> str:
    """Return a token's id.

    Raises:
        BadParameter: It is none.
    """
    if len(check_text(text)) > ID_CHARS_MAX:
        raise typer.BadParameter("that is no id; a secret should be in no argument")
    return text


def check_party(text: str | None) -> str | None:
    """Return who is meant, as Kafka writes it.

    Raises:
        BadParameter: It does not say whether it is a user.
    """
    if text is not None and not check_text(text).partition(":")[2]:
        raise typer.BadParameter("name it as Kafka does: User:alice")
    return text


TokenId = Annotated[
    str, typer.Argument(metavar="TOKEN_ID", help="Id of the token.", callback=check_id)
]


@app.command(
    "list",
    epilog=examples(
        "cauce delegation-token list", "cauce delegation-token list --owner User:alice --json"
    ),
)
def list_tokens(
    context: typer.Context,
    *,
    owner: Annotated[
        str | None,
        typer.Option(
            "--owner",
            metavar="USER",
            help="Only whose owner, requester or renewer this is, as User:alice.",
            callback=check_party,
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List your own delegation tokens, and those of others that you may see; never the secrets."""
    from cauce.client.delegation_tokens import DelegationTokens

    console: Console = context.obj
    with console.connect(url) as http:
        found = DelegationTokens(http).list(owner)
    _write(console, found, as_json)


@app.command("describe", epilog=examples("cauce delegation-token describe TOKEN_ID"))
def describe(
    context: typer.Context, token_id: TokenId, *, as_json: AsJson = False, url: Url = DEFAULT_URL
) -> None:
    """Show one token: whose it is, who may renew it and when it ends."""
    from cauce.client.delegation_tokens import DelegationTokens

    console: Console = context.obj
    with console.connect(url) as http:
        found = DelegationTokens(http).describe(token_id)
    _write(console, [found], as_json)


@app.command(
    "create",
    epilog=examples(
        "cauce delegation-token create --max-lifetime 7d --renewer User:scheduler --json",
        "(umask 077; cauce delegation-token create --properties > job.properties)",
    ),
)
def create(
    context: typer.Context,
    *,
    owner: Annotated[
        str | None,
        typer.Option(
            "--owner",
            metavar="USER",
            help="Who logs in with it, as User:alice.",
            show_default="you",
            callback=check_party,
        ),
    ] = None,
    renewer: Annotated[
        list[str] | None,
        typer.Option(
            "--renewer", metavar="USER", help="Who else may renew and end it; may repeat."
        ),
    ] = None,
    max_lifetime: Annotated[
        str | None,
        typer.Option(
            "--max-lifetime",
            metavar="SPAN",
            help="How long it stands at most, renewed or not: 7d, 12h, ...",
            show_default="the server's",
        ),
    ] = None,
    properties: Annotated[
        bool,
        typer.Option("--properties", help="The login as a Kafka client in Java is configured."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Make a token and write its secret to standard output: the only time that it is shown.

    A client logs in by SCRAM with the token's id, the secret and tokenauth=true.
    """
    from cauce.client.delegation_tokens import DelegationTokens, WantedDelegationToken

    if properties and as_json:
        raise typer.BadParameter("give one of --properties and --json")
    for one in renewer or []:
        check_party(one)
    wanted = WantedDelegationToken(
        owner=owner,
        renewers=tuple(renewer or ()),
        max_lifetime_ms=_span_ms(max_lifetime, "--max-lifetime"),
    )
    console: Console = context.obj
    with console.connect(url) as http:
        made = DelegationTokens(http).create(wanted)
    if not quiet:
        console.say(
            f"Made token {made.token_id} of {made.owner}, which ends {_end(made)}. "
            "Its secret is shown this once: keep it as a password."
        )
    console.write(_shown(made, as_json=as_json, properties=properties))


@app.command(
    "renew",
    epilog=examples("cauce delegation-token renew TOKEN_ID --period 12h"),
)
def renew(
    context: typer.Context,
    token_id: TokenId,
    *,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", metavar="SPAN", help="From now on: 12h, ...", show_default="the server's"
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Have a token end later, but not after its longest life."""
    from cauce.client.delegation_tokens import DelegationTokens

    console: Console = context.obj
    period_ms = _span_ms(period, "--period")
    with console.connect(url) as http:
        renewed = DelegationTokens(http).renew(token_id, period_ms)
    if as_json:
        _write(console, [renewed], as_json)
    elif not quiet:
        console.say(f"Token {token_id} ends {_end(renewed)}.")


@app.command("expire", epilog=examples("cauce delegation-token expire TOKEN_ID --yes"))
def expire(
    context: typer.Context,
    token_ids: Annotated[
        list[str], typer.Argument(metavar="TOKEN_ID...", help="Ids of the tokens.")
    ],
    *,
    yes: Yes = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """End tokens at once; what logged in with them is cut within seconds.

    Asks on a terminal; elsewhere --yes must be given.
    """
    from cauce.client.delegation_tokens import DelegationTokens

    console: Console = context.obj
    for one in token_ids:
        check_id(one)
    if not yes:
        ask_to_delete(console, f"delegation token {', '.join(token_ids)} for good")
    with console.connect(url) as http:
        tokens = DelegationTokens(http)

        def expire_one(token_id: str) -> str:
            tokens.expire(token_id)
            return f"Ended token {token_id}."

        delete_each(console, "delegation token", token_ids, expire_one, quiet=quiet)


def _span_ms(span: str | None, option: str) -> int | None:
    if span is None:
        return None
    try:
        return int(parse_span(span).total_seconds() * 1000)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def _end(token: "DelegationToken") -> str:
    latest = time_text(token.max_at_ms)
    end = time_text(token.expires_at_ms)
    return end if token.expires_at_ms == token.max_at_ms else f"{end}, renewed {latest} at most"


def _shown(made: "NewDelegationToken", *, as_json: bool, properties: bool) -> bytes:
    if properties:
        return PROPERTIES.format(id=made.token_id, secret=made.secret).encode()
    if as_json:
        import msgspec

        return msgspec.json.encode(made) + b"\n"
    return f"{made.secret}\n".encode()


def _write(console: Console, found: "Sequence[DelegationToken]", as_json: bool) -> None:
    rows = [
        (
            one.token_id,
            one.owner,
            one.requester,
            ", ".join(one.renewers),
            time_text(one.issued_at_ms),
            time_text(one.expires_at_ms),
            time_text(one.max_at_ms),
        )
        for one in found
    ]
    headings = ("TOKEN", "OWNER", "REQUESTER", "RENEWERS", "ISSUED", "EXPIRES", "AT MOST")
    write_listing(console, found, headings, rows, as_json=as_json)
