"""Who the command is to the server: by options before or after the command, or by the environment.

What the command line says wins over the environment, as a whole: an API key there means that no
user is taken from here. Nothing is read or asked for until a server is.

Invariants:
    A password is never an argument. No secret is in a message.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import typer
from typer.core import TyperGroup, TyperOption

from cauce.cli.login.secret_input import Person, ask_secret, read_secret

if TYPE_CHECKING:
    from cauce.client.credentials import Login

PANEL = "Login"
KEY_IS_VISIBLE = (
    "cauce: others on this machine can read arguments: better --api-key-file, or CAUCE_API_KEY"
)


BEFORE = (
    "Log in with --user and --password-file before the command (cauce --user NAME ...): here they "
    "are other things."
)


class _Option(TypedDict):
    metavar: str
    help: str


OPTIONS: Mapping[str, _Option] = {
    "user": {
        "metavar": "NAME",
        "help": "Log in as this user. (environment: CAUCE_USER)",
    },
    "password_file": {
        "metavar": "FILE",
        "help": "Its first line is the user's password, - is standard input; else it is asked "
        "for. (CAUCE_PASSWORD_FILE)",
    },
    "api_key_file": {
        "metavar": "FILE",
        "help": "Log in with the API key in this file. (CAUCE_API_KEY_FILE)",
    },
    "api_key": {
        "metavar": "KEY",
        "help": "Log in with this API key; arguments can be read by others. (CAUCE_API_KEY)",
    },
}

CA_FILE: _Option = {
    "metavar": "FILE",
    "help": "Over https://, believe who is in this file, in PEM. (CAUCE_CA_FILE)",
}


class LoginWish:
    """What one run of the command logs in with."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Begin with nothing said.

        Args:
            environment: Where the rest is looked up; that of the process if None.
        """
        self._environment = os.environ if environment is None else environment
        self._given: dict[str, str] = {}
        self._ca_file: str | None = None
        self._found: Login | None = None

    def give(self, name: str, value: str) -> None:
        """Take in what an option says; the last one counts."""
        if name == "ca_file":
            self._ca_file = value
        else:
            self._given[name] = value

    def is_given(self) -> bool:
        """Return whether the server was shown something."""
        return bool(self._found and self._found.keys() - {"ca_file"})

    def find(self, console: Person) -> "Login":
        """Return what clients log in with, read or asked for once.

        Raises:
            typer.BadParameter: It contradicts itself, cannot be read, or nobody can be asked.
        """
        if self._found is None:
            self._found = self._find(console)
            if self._ca_file is not None:
                self._found["ca_file"] = self._ca_file
        return self._found

    def _find(self, console: Person) -> "Login":
        given = self._given
        from_environment = {
            name: self._environment[variable]
            for name, variable in ((name, f"CAUCE_{name.upper()}") for name in OPTIONS)
            if self._environment.get(variable)
        }
        by_key = {"api_key", "api_key_file"}
        wanted = given if given else from_environment
        if len(by_key & wanted.keys()) > 1 or (by_key & wanted.keys() and wanted.keys() - by_key):
            raise typer.BadParameter(
                f"one login is enough: {' and '.join(map(_spelled(given), sorted(wanted)))}"
            )
        if "api_key" in wanted:
            if given:
                console.say(KEY_IS_VISIBLE)
            return {"api_key": wanted["api_key"]}
        if "api_key_file" in wanted:
            return {"api_key": read_secret(console, wanted["api_key_file"], "--api-key-file")}
        if not wanted:
            return {}
        theirs = from_environment.get("user")
        if theirs is not None and given.get("user", theirs) != theirs:
            from_environment.pop("password_file", None)  # it is of that other user
        return self._password({**from_environment, **given}, console)

    def _password(self, wanted: Mapping[str, str], console: Person) -> "Login":
        user = wanted.get("user")
        if user is None:
            raise typer.BadParameter("whose password? say --user NAME, or CAUCE_USER")
        path = wanted.get("password_file")
        if path is not None:
            return {"basic": (user, read_secret(console, path, "--password-file"))}
        instead = "give --password-file FILE, or CAUCE_PASSWORD_FILE"
        return {"basic": (user, ask_secret(console, f"Password of {user}", instead=instead))}


def add_login_options(command: Any) -> None:
    """Add the options to a command, and to all below it that speak to a server (``--url``).

    Where a command has one of them as its own, with another meaning, it does not get that pair:
    there they are said before the command, or in the environment.
    """
    for below in getattr(command, "commands", {}).values():
        add_login_options(below)
        if not isinstance(below, TyperGroup) and any(one.name == "url" for one in below.params):
            _add(below)


def add_root_options(command: Any) -> None:
    """Add the options to the command that all others are below."""
    _add(command)


def _add(command: Any) -> None:
    own = {one.name for one in command.params}
    for pair in (("user", "password_file"), ("api_key_file", "api_key"), ("ca_file",)):
        if not own & set(pair):
            command.params += [_option(name) for name in pair]
        elif BEFORE not in (command.help or ""):
            command.help = f"{command.help}\n\n{BEFORE}"


def _option(name: str) -> TyperOption:
    return TyperOption(
        param_decls=[name, f"--{name.replace('_', '-')}"],
        callback=_take,
        expose_value=False,
        rich_help_panel=PANEL,
        **(CA_FILE if name == "ca_file" else OPTIONS[name]),
    )


def _take(context: Any, option: Any, value: str | None) -> None:
    if value is not None and context.obj is not None:
        context.obj.login.give(option.name, value)


def _spelled(given: Mapping[str, str]) -> Callable[[str], str]:
    """Return what words the name of an option, or of its variable."""
    if given:
        return lambda name: f"--{name.replace('_', '-')}"
    return lambda name: f"CAUCE_{name.upper()}"
