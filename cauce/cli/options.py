"""Options that several commands share, so that they are spelled, explained and read alike."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from cauce.client.address import DEFAULT_URL

__all__ = [
    "DEFAULT_URL",
    "AsJson",
    "DataType",
    "DryRun",
    "KeySeparator",
    "Null",
    "Partition",
    "Quiet",
    "TopicName",
    "Url",
    "Yes",
    "check_text",
    "examples",
    "parse_assignments",
    "parse_separator",
    "to_bytes",
    "unescape",
]

PARTITION_MAX = 2**31 - 1

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"0": b"\0", b"\\": b"\\"}


class DataType(StrEnum):
    """How the bytes of a key or value are to be taken."""

    BINARY = "binary"
    JSON = "json"
    STRING = "string"


def check_text(text: str) -> str:
    """Return an argument that has to be text.

    Raises:
        typer.BadParameter: Its bytes are not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter(f"{text!a} is not UTF-8") from None
    return text


TopicName = Annotated[
    str, typer.Argument(metavar="TOPIC", help="Name of the topic.", callback=check_text)
]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="CAUCE_URL",
        metavar="URL",
        help="Address of the server; http:// may be left out.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on standard error but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="A line of JSON for each.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Partition = Annotated[
    int | None,
    typer.Option(
        "--partition", "-p", min=0, max=PARTITION_MAX, metavar="N", help="Only this partition."
    ),
]
KeySeparator = Annotated[
    str | None,
    typer.Option(
        "--key-separator",
        "-K",
        metavar="SEP",
        help=r"Lines are KEY SEP VALUE. \t \n \r \0 \\ and \xHH are escapes.",
    ),
]
Null = Annotated[
    str | None,
    typer.Option(
        "--null", metavar="TEXT", help="What null is written as; a null value is a tombstone."
    ),
]


def examples(*lines: str) -> str:
    """Return the end of a help text: each example on a line of its own."""
    return "\n\n".join(["Examples:", *lines])


def parse_assignments(given: list[str], option: str) -> dict[str, str]:
    """Return ``name=value`` options as a mapping.

    Raises:
        typer.BadParameter: One has no name or no ``=``, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = check_text(text).partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{option} takes name=value, not {text!r}")
        if name in found:
            raise typer.BadParameter(f"{option} {name} is given twice")
        found[name] = value
    return found


def parse_separator(text: str) -> bytes:
    r"""Return the bytes of a separator; ``\t \n \r \0 \\`` and ``\xHH`` are escapes.

    Raises:
        ValueError: It is empty, or an escape is unknown.
    """
    if not text:
        raise ValueError("a key separator must not be empty")
    return unescape(text)


def unescape(text: str) -> bytes:
    r"""Return the bytes of a text in which ``\t \n \r \0 \\`` and ``\xHH`` are escapes.

    Raises:
        ValueError: An escape is unknown.
    """
    return _ESCAPE.sub(_unescape, to_bytes(text))


def to_bytes(text: str) -> bytes:
    """Return the bytes that an argument of the command line had."""
    return text.encode("utf-8", "surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    escape = match.group(1)
    if len(escape) == 3:
        return bytes([int(escape[1:], 16)])
    if escape not in _ESCAPES:
        raise ValueError(f"{match.group().decode('utf-8', 'replace')!r} is not an escape")
    return _ESCAPES[escape]
