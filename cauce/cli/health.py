"""``cauce health``: whether the node of a data directory is ready, for probes on its machine.

It asks the node's own socket and not its door, so it needs no port, certificate or login.
"""

import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console
from cauce.cli.options import Quiet, examples

FILE = "health.sock"
READY = "ready"
LINE_BYTES_MAX = 64 * 1024

EXAMPLES = examples(
    "cauce health --data-dir /var/lib/cauce",
    "until cauce health --quiet; do sleep 0.2; done",
)


def health(
    context: typer.Context,
    *,
    data_dir: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            envvar="CAUCE_DATA_DIR",
            help="The data directory of a node on this machine.",
        ),
    ] = Path("data"),
    live: Annotated[
        bool, typer.Option("--live", help="It is enough that the node answers.")
    ] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, max=3600, metavar="S", help="How long to wait.")
    ] = 3.0,
    quiet: Quiet = False,
) -> None:
    """Say whether the node of a data directory is ready.

    Ends with 0 if it is, 1 if it is not yet or no more, and 3 if no node answers.
    """
    console: Console = context.obj
    try:
        said = _asked(data_dir, timeout_s)
    except (OSError, ValueError) as error:
        console.say(f"cauce: no node of {data_dir} answers: {_why(error, timeout_s)}")
        raise typer.Exit(exit_codes.UNREACHABLE) from None
    if said != READY and not live:
        console.say(f"cauce: not ready: {said}")
        raise typer.Exit(exit_codes.REFUSED)
    if not quiet:
        line = said if said == READY else f"live, not ready: {said}"
        console.write(line.encode() + b"\n")


def _asked(data_dir: Path, timeout_s: float) -> str:
    """Return what a node says of itself.

    Raises:
        OSError: There is none, or it says nothing in time.
    """
    # by way of its directory: a socket's name has 107 bytes at the most
    directory = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(timeout_s)
            door.connect(f"/proc/self/fd/{directory}/{FILE}")
            said = b""
            while not said.endswith(b"\n") and len(said) < LINE_BYTES_MAX:
                part = door.recv(4096)
                if not part:
                    break
                said += part
    finally:
        os.close(directory)
    if not said.endswith(b"\n"):
        raise ConnectionAbortedError("it ended in the middle of its answer")
    return said.decode(errors="replace").strip()


def _why(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing was said in {timeout_s:g} seconds"
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        return "there is none running (`cauce serve` starts one)"
    return str(error)
