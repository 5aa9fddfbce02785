"""What several commands do with the server: look for a topic first, delete one after the other."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console
from cauce.client.errors import Refused

if TYPE_CHECKING:
    from cauce.client.http import HttpClient

UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404

HOW_TO_BE_ALLOWED = (
    "`cauce acl explain` says which rule decides; an administrator allows it with "
    "`cauce acl create`."
)


class UnknownTopic(Refused):
    """There is no such topic; says how to make one."""

    def __init__(self, topic: str, refused: Refused) -> None:
        super().__init__(refused.status, refused.error_code, refused.message)
        self._topic = topic

    def __str__(self) -> str:
        return (
            f"there is no topic {self._topic!r}; "
            f"create it with `cauce topic create {self._topic}`, or see `cauce topic list`"
        )


def check_topic(http: "HttpClient", topic: str) -> None:
    """Find out that the server is there and knows the topic, before input is read.

    Raises:
        UnknownTopic: It does not.
        Refused: The login that it wants is missing or wrong.
    """
    from cauce.client.topics import Topics

    try:
        Topics(http).get(topic)
    except Refused as error:
        if error.status == NOT_FOUND:
            raise UnknownTopic(topic, error) from error
        if error.status == UNAUTHORIZED:
            raise
        # Others may know it: a principal may be allowed to write and not to describe.


def ask_to_delete(console: Console, what: str) -> None:
    """Ask a person whether to go on.

    Raises:
        typer.BadParameter: There is nobody to ask.
        typer.Exit: The answer was no.
    """
    if not console.stdin_is_terminal():
        raise typer.BadParameter("without a terminal to ask on, --yes must be given")
    if not console.confirm(f"Delete {what}?"):
        console.say("Nothing was deleted.")
        raise typer.Exit(exit_codes.REFUSED)


def delete_each(
    console: Console,
    kind: str,
    names: Sequence[str],
    delete: Callable[[str], object],
    *,
    quiet: bool,
) -> None:
    """Delete one after the other, also after one that the server refuses.

    Args:
        console: Where to say what became of each.
        kind: What they are.
        names: Theirs.
        delete: Deletes one; if it returns a text, that is what is said.
        quiet: Say only what failed.

    Raises:
        typer.Exit: Some were refused.
        Refused: Nobody was logged in: the next one would be refused as well.
    """
    failed = forbidden = False
    for name in names:
        try:
            outcome = delete(name)
        except Refused as error:
            if error.status == UNAUTHORIZED:
                raise
            failed = True
            forbidden = forbidden or error.status == FORBIDDEN
            console.say(f"cauce: {kind} {name} was not deleted: {error}")
            continue
        if not quiet:
            console.say(outcome if isinstance(outcome, str) else f"Deleted {kind} {name}.")
    if forbidden:
        console.say(HOW_TO_BE_ALLOWED)
    if failed:
        raise typer.Exit(exit_codes.REFUSED)
