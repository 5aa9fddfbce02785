"""Trust: whose certificate a client believes, and which one it shows, over ``https://``.

Said by the environment, so that it holds for the client and for every command alike; who is
believed may be an argument too. A certificate of an operator's own is believed by naming who signed
it, never by not looking.
Called by: client.http, streaming.link. Calls: files.
"""

import os
import ssl
from collections.abc import Mapping

from cauce.client.errors import NotBelieved, ServerUnreachable, UnusableTrust

CA_FILE = "CAUCE_CA_FILE"
"""Who signed the server's certificate, in PEM; the system's authorities if there is none."""

CERT_FILE = "CAUCE_CERT_FILE"
"""The client's own certificate, in PEM, for servers that ask for one."""

KEY_FILE = "CAUCE_KEY_FILE"
"""Its key, if that is not in the same file."""

_NOT_BELIEVED = "CERTIFICATE_VERIFY_FAILED"
_OTHER_NAME = ("Hostname mismatch", "IP address mismatch")
_OWN_REFUSED = ("UNKNOWN_CA", "ALERT_CERTIFICATE", "BAD_CERTIFICATE", "ALERT_UNSUPPORTED_CERT")
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")


def tls_of(
    url: str, ca_file: str | None = None, environment: Mapping[str, str] | None = None
) -> ssl.SSLContext | None:
    """Return how TLS is spoken to a server; None without TLS.

    Args:
        url: Of the server, as ``parse_url`` gives it.
        ca_file: Who is believed; who the environment says if None, else the system's authorities.
        environment: The process's if None.

    Raises:
        UnusableTrust: Names the file, and what is wrong.
    """
    said = os.environ if environment is None else environment
    authority, own = ca_file or said.get(CA_FILE), said.get(CERT_FILE)
    if not url.lower().startswith("https://"):
        return None
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except ssl.SSLError as error:
        raise UnusableTrust(f"CA file {authority} holds no certificates in PEM") from error
    except (OSError, ValueError) as error:
        raise UnusableTrust(f"CA file {authority}: {_worded(error)}") from error
    if own:
        key = said.get(KEY_FILE) or None
        try:
            context.load_cert_chain(own, key, password=_no_password)
        except (OSError, ValueError) as error:
            files = f"{CERT_FILE} {own}" + (f" and {KEY_FILE} {key}" if key else "")
            raise UnusableTrust(
                f"{files}: no certificate with its key: {_worded(error)}"
            ) from error
    return context


def unreachable(url: str, reason: str) -> ServerUnreachable:
    """Return that no connection could be made, with what to do if TLS is why."""
    if any(one in reason for one in _OTHER_NAME):
        why = f"its certificate is for other names than this one: {reason}"
        return NotBelieved(url, why)
    if _NOT_BELIEVED in reason:
        why = f"its certificate is not believed; name who signed it (ca_file, {CA_FILE}): {reason}"
        return NotBelieved(url, why)
    if any(one in reason for one in _NO_TLS):
        return ServerUnreachable(url, f"it does not speak TLS; is http:// meant?: {reason}")
    return ServerUnreachable(url, reason + own_refused(reason))


def own_refused(reason: str) -> str:
    """Return what to add if the server wants another certificate of the client; else nothing."""
    if "CERTIFICATE_REQUIRED" in reason:
        return f"; the server asks for a certificate: name one by {CERT_FILE} and {KEY_FILE}"
    if any(one in reason for one in _OWN_REFUSED):
        return f"; the server does not take the certificate that {CERT_FILE} names"
    return ""


def _worded(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _no_password() -> str:
    raise ValueError("the key has a password")
