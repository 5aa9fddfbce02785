"""The command ``cauce``: puts the commands together and words what went wrong.

Invariants:
    Asking for help or the version imports neither the broker nor an HTTP client.
    No error of the client or of the output ends in a stack trace.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cauce import __version__
from cauce.cli import consume, exit_codes, group, health, log, produce, schema, serve, topic
from cauce.cli.console import Console, OutputClosed, OutputFailed
from cauce.cli.interrupts import Stopped
from cauce.cli.login.wish import add_login_options, add_root_options
from cauce.cli.records.line_reader import InputFailed
from cauce.cli.security import acl, delegation_token, key, quota, token, user
from cauce.cli.server import FORBIDDEN, HOW_TO_BE_ALLOWED, UNAUTHORIZED
from cauce.client.credentials import UnusableLogin
from cauce.client.errors import (
    AnswerLost,
    ClientError,
    Closed,
    InvalidUrl,
    NotBelieved,
    Refused,
    ServerUnreachable,
    UnexpectedAnswer,
    UnusableTrust,
)

HOW_TO_LOG_IN = (
    "Log in with --api-key-file FILE or --user NAME (`cauce --help`), or by the environment's "
    "CAUCE_API_KEY."
)
NOT_TAKEN = "The login that was shown is wrong, has ended or was revoked."
HOW_TO_START = (
    "Start one with `cauce serve`, or say where one is with --url or the environment's CAUCE_URL."
)

LOGIN_ENDED = 4401
"""Of a WebSocket's close: its login has ended (docs/websocket.md)."""

app = typer.Typer(
    name="cauce",
    help="Event streaming with Kafka's semantics, from the shell.",
    epilog="Exit status: 0 done, 1 refused, 2 wrong usage, 3 no server reached.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("health", epilog=health.EXAMPLES)(health.health)
app.add_typer(topic.app, name="topic")
app.add_typer(group.app, name="group")
app.add_typer(schema.app, name="schema")
app.add_typer(log.app, name="log")
app.add_typer(user.app, name="user")
app.add_typer(key.app, name="key")
app.add_typer(token.app, name="token")
app.add_typer(delegation_token.app, name="delegation-token")
app.add_typer(acl.app, name="acl")
app.add_typer(quota.app, name="quota")
app.command("produce", epilog=produce.EXAMPLES)(produce.produce)
app.command("consume", epilog=consume.EXAMPLES)(consume.consume)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cauce {__version__}")
        raise typer.Exit


@app.callback()
def _cauce(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Event streaming with Kafka's semantics, from the shell."""


def command() -> Any:
    """Return the whole command, with the options that say who it is to the server."""
    built = typer.main.get_command(app)
    add_login_options(built)
    add_root_options(built)
    return built


def main() -> None:
    """Run the command of this process."""
    sys.exit(run(sys.argv[1:], Console.of_process()))


def run(arguments: Sequence[str], console: Console) -> int:
    """Run one command and return its exit status."""
    try:
        command()(args=list(arguments), prog_name="cauce", obj=console)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else exit_codes.REFUSED
    except Stopped as stopped:
        return exit_codes.SIGNALLED + stopped.signal_number
    except OutputClosed:
        _forget_stdout(console)
        return exit_codes.OK
    except (InputFailed, OutputFailed, ClientError) as error:
        console.say(f"cauce: {error}")
        return _exit_code(error, console)
    return exit_codes.OK


def _is_about_login(error: Exception) -> bool:
    if isinstance(error, Closed):
        return error.code == LOGIN_ENDED
    return isinstance(error, Refused) and error.status == UNAUTHORIZED


def _exit_code(error: Exception, console: Console) -> int:
    if isinstance(error, ServerUnreachable) and not isinstance(error, NotBelieved):
        console.say(HOW_TO_START)
    if isinstance(error, ServerUnreachable | AnswerLost | UnexpectedAnswer):
        return exit_codes.UNREACHABLE
    if _is_about_login(error):
        console.say(NOT_TAKEN if console.login.is_given() else HOW_TO_LOG_IN)
    if isinstance(error, Refused) and error.status == FORBIDDEN:
        console.say(HOW_TO_BE_ALLOWED)
    is_usage = isinstance(error, InvalidUrl | UnusableLogin | UnusableTrust)
    return exit_codes.USAGE if is_usage else exit_codes.REFUSED


def _forget_stdout(console: Console) -> None:
    """Keep the interpreter from complaining about the closed pipe when it ends."""
    try:
        descriptor = console.stdout.fileno()
    except OSError:  # not a file of the operating system: a test's
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
