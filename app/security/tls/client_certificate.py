"""The certificate that a client showed in the handshake, read once for a connection."""

import asyncio
import ssl
from _ssl import ENCODING_DER
from dataclasses import dataclass
from typing import Any

from app.security.tls.distinguished_name import NoName, distinguished_name, issuer_and_serial

CERTIFICATE = "cauce.certificate"
"""The key in the scope of ASGI; there only if there is one."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What of it says who has it. TLS has verified it."""

    distinguished_name: str
    """As Java writes it; empty if it has none that can be read."""

    expires_at_ms: int
    issuer: str = ""
    """Who signed it, written alike."""

    serial: int = 0
    """Its number among those of the issuer."""


def certificate_of(transport: asyncio.BaseTransport) -> ClientCertificate | None:
    """Return what the client at the other end has shown; None for nothing, or without TLS."""
    handshake: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    if handshake is None:
        return None
    shown = handshake.getpeercert(binary_form=True)
    fields = handshake.getpeercert()
    if not shown or not fields:  # what was not verified has no fields
        return None
    try:
        name = distinguished_name(shown)
        issuer, serial = issuer_and_serial(shown)
    except NoName:
        name, issuer, serial = "", "", 0
    expires_at_s = ssl.cert_time_to_seconds(str(fields["notAfter"]))
    return ClientCertificate(name, int(expires_at_s * 1000), issuer, serial)


def certificates_of(handshake: ssl.SSLObject) -> tuple[tuple[str, int], ...]:
    """Return issuer and number of a client's certificate and of those that it stands on.

    Nothing if it has shown none. In a session that is resumed it stands on what the client sent:
    TLS keeps no more of it.

    Raises:
        NoName: One cannot be read.
    """
    if handshake.getpeercert(binary_form=True) is None:
        return ()
    # what ssl.SSLObject itself gives away only from Python 3.13 on
    inner: Any = handshake._sslobj  # type: ignore[attr-defined] # noqa: SLF001
    chain = inner.get_verified_chain() or inner.get_unverified_chain()
    return tuple(issuer_and_serial(one.public_bytes(ENCODING_DER)) for one in chain)
