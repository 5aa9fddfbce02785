"""Addresses of servers, as people write them."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from cauce.client.errors import InvalidUrl

DEFAULT_URL = "http://127.0.0.1:8082"


def parse_url(text: str) -> str:
    """Return the address of a server, without a slash at its end.

    ``http://`` may be left out; a path is kept, for servers behind a proxy.

    Raises:
        InvalidUrl: Another scheme, no host, no such port, or something after the path.
    """
    whole = text if "://" in text else f"http://{text}"
    try:
        whole.encode()
        parts = urlsplit(whole)
        port = parts.port
    except ValueError as error:
        raise InvalidUrl(text, _reason(error)) from None
    if parts.scheme.lower() not in ("http", "https"):
        raise InvalidUrl(text, "it must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise InvalidUrl(text, "a user and a password are given apart from it")
    if not parts.hostname:
        raise InvalidUrl(text, "it has no host")
    if port == 0:
        raise InvalidUrl(text, "port 0 is no address")
    if parts.query or parts.fragment:
        raise InvalidUrl(text, "it must have no query and no fragment")
    return whole.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own, which no proxy should be asked for."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: ValueError) -> str:
    """Return what is wrong; some errors repeat the whole address."""
    return "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)
