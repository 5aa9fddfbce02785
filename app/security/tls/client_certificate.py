"""The certificate that a client showed in the handshake, read once for a connection."""

import asyncio
import ssl
from dataclasses import dataclass

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
