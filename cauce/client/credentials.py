"""What a client logs in with: an API key, a user and a password, or a token; at most one of them.

Invariants:
    A secret is in no ``repr``, no error and no log of this package.
    A password goes over TLS or stays on this machine; nothing of it is sent where others read it.
Called by: client.http, streaming.line. Calls: address.
Source: RFC 7617 (Basic: UTF-8, no colon in the user); RFC 6750 (Bearer).
"""

import base64
import re
from typing import TypedDict

from cauce.client.address import is_loopback
from cauce.client.errors import ClientError, without_login

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Login(TypedDict, total=False):
    """Arguments of clients; what is None is as if it were not there.

    Attributes:
        api_key: As ``cauce key create`` made it.
        basic: A user and a password; over ``https://``, or to this machine.
        token: An access token, of the server or of an identity provider.
        ca_file: Who signed the server's certificate, in PEM; no login, but wanted beside each.
    """

    api_key: str | None
    basic: tuple[str, str] | None
    token: str | None
    ca_file: str | None


class UnusableLogin(ClientError):
    """What was given cannot be sent; the caller erred. The text has nothing of it."""


class PasswordInClear(UnusableLogin):
    """Others could read the password on its way to this address."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"no password is sent to {without_login(url)}, because others could read it on the "
            "way: use https://",
        )


def authorization(login: Login, url: str) -> str | None:
    """Return the value of the Authorization header; None if there is nothing to show.

    Args:
        login: What was given.
        url: Where it is to be sent, as ``parse_url`` returns it.

    Raises:
        UnusableLogin: There are two, or it cannot be sent.
        PasswordInClear: It is a password, and the address is another machine's without TLS.
    """
    unknown = login.keys() - Login.__annotations__
    if unknown:
        raise TypeError(f"unexpected arguments: {', '.join(sorted(unknown))}")
    given = {
        kind: value for kind, value in login.items() if value is not None and kind != "ca_file"
    }
    if not given:
        return None
    if len(given) > 1:
        raise UnusableLogin(f"one login is enough: {' and '.join(sorted(given))} were given")
    basic = login.get("basic")
    if basic is not None:
        return _basic(basic, url)
    kind, value = given.popitem()
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise UnusableLogin(f"the {kind.replace('_', ' ')} is not one: it has other characters")
    return f"Bearer {value}"


def _basic(pair: tuple[str, str], url: str) -> str:
    if not url.lower().startswith("https://") and not is_loopback(url):
        raise PasswordInClear(url)
    user, password = pair
    if ":" in user:
        raise UnusableLogin("a user with a colon in its name logs in with API keys alone")
    if _CONTROL.search(user + password):
        raise UnusableLogin("the user or the password has characters that no login may have")
    try:
        data = f"{user}:{password}".encode()
    except UnicodeEncodeError:
        raise UnusableLogin("the user or the password is not UTF-8") from None
    return f"Basic {base64.b64encode(data).decode()}"
