"""Authentication.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response
from app.wire.primitives import Int16, Int64


@request(key=17, versions=(0, 1))
class SaslHandshakeRequest:
    """Request of SaslHandshake."""

    mechanism: str = ""


@response(SaslHandshakeRequest)
class SaslHandshakeResponse:
    """Response of SaslHandshake."""

    error_code: Int16 = 0
    mechanisms: list[str] = field()


@request(key=36, versions=(0, 2), flexible=2)
class SaslAuthenticateRequest:
    """Request of SaslAuthenticate."""

    auth_bytes: bytes = field(is_secret=True)


@response(SaslAuthenticateRequest)
class SaslAuthenticateResponse:
    """Response of SaslAuthenticate."""

    error_code: Int16 = 0
    error_message: str | None = None
    auth_bytes: bytes = field(is_secret=True)
    session_lifetime_ms: Int64 = field(1)
