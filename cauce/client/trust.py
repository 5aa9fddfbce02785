"""Trust: whose certificate a client believes, and which one it shows, over ``https://``.

Said by the environment, so that it holds for the client and for every command alike; who is
believed may be an argument too. A certificate of an operator's own is believed by naming who signed
it, never by not looking.
Called by: client.http, streaming.link. Calls: files.
"""

import os
import ssl
from collections.abc import Mapping

from cauce.client.errors import ClientError

CA_FILE = "CAUCE_CA_FILE"
"""Who signed the server's certificate, in PEM; the system's authorities if there is none."""

CERT_FILE = "CAUCE_CERT_FILE"
"""The client's own certificate, in PEM, for servers that ask for one."""

KEY_FILE = "CAUCE_KEY_FILE"
"""Its key, if that is not in the same file."""

_NOT_BELIEVED = "CERTIFICATE_VERIFY_FAILED"


class UnusableTrust(ClientError):
    """A file of certificates cannot be used; the caller erred."""


def tls_of(
    url: str, ca_file: str | None = None, environment: Mapping[str, str] | None = None
) -> ssl.SSLContext | None:
    """Return how TLS is spoken to a server; None for the usual way, or without TLS.

    Args:
        url: Of the server, as ``parse_url`` gives it.
        ca_file: Who is believed; who the environment says if None.
        environment: The process's if None.

    Raises:
        UnusableTrust: Names the file, and what is wrong.
    """
    said = os.environ if environment is None else environment
    authority, own = ca_file or said.get(CA_FILE), said.get(CERT_FILE)
    if not url.lower().startswith("https://") or not (authority or own):
        return None
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except (OSError, ValueError) as error:
        raise UnusableTrust(f"{authority!r} ({CA_FILE}) holds no certificates: {error}") from error
    if own:
        key = said.get(KEY_FILE) or None
        try:
            context.load_cert_chain(own, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise UnusableTrust(
                f"{CERT_FILE} {own!r} is no certificate with its key: {error}"
            ) from error
    return context


def explained(reason: str) -> str:
    """Return why a server cannot be reached, with what to do if it is not believed."""
    if _NOT_BELIEVED not in reason:
        return reason
    return f"its certificate is not believed; name who signed it (--ca-file, {CA_FILE}): {reason}"


def _no_password() -> str:
    raise ValueError("the key has a password")
