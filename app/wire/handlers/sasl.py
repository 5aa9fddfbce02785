"""SaslHandshake and SaslAuthenticate: the requests by which a client logs in.

On a port where nobody needs to, both are refused as Kafka refuses them on a listener of plain
text. What is due when is decided by the connection's ``Login``.
Source: KIP-43, KIP-152, KIP-368; ``KafkaApis.handleSaslHandshakeRequest``.
"""

from app.broker.errors import IllegalSaslState, SaslAuthenticationFailed
from app.security.errors import AuthenticationFailed
from app.wire.call import Call
from app.wire.login.login import Login
from app.wire.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
    SaslHandshakeResponse,
)
from app.wire.registry import serve


def sasl_handshake(call: Call, request: SaslHandshakeRequest) -> SaslHandshakeResponse:
    """Begin a login by one mechanism; say which there are."""
    login = call.client.login
    if login is None:
        return SaslHandshakeResponse(error_code=IllegalSaslState.code)
    error = login.handshake(request.mechanism, call.api_version)
    return SaslHandshakeResponse(
        error_code=0 if error is None else error.code, mechanisms=list(login.mechanisms)
    )


async def sasl_authenticate(
    call: Call, request: SaslAuthenticateRequest
) -> SaslAuthenticateResponse:
    """Answer a message of the mechanism that was begun."""
    login = call.client.login
    if login is None:
        return SaslAuthenticateResponse(
            error_code=IllegalSaslState.code,
            error_message="This listener does not authenticate clients.",
        )
    try:
        step = await login.authenticate(request.auth_bytes)
    except AuthenticationFailed as error:
        code, text = SaslAuthenticationFailed.code, str(error)
    except IllegalSaslState as error:
        code, text = error.code, str(error)
    else:
        lifetime_ms = 0 if step.principal is None else login.session_lifetime_ms()
        return SaslAuthenticateResponse(auth_bytes=step.answer, session_lifetime_ms=lifetime_ms)
    return SaslAuthenticateResponse(error_code=code, error_message=text)


async def raw_authenticate(login: Login, message: bytes | bytearray) -> bytes | None:
    """Answer a message that has no header; one that is refused is not answered (KIP-43)."""
    try:
        step = await login.authenticate(bytes(message))
    except (AuthenticationFailed, IllegalSaslState):
        return None
    return step.answer


SERVED = (
    serve(SaslHandshakeRequest, sasl_handshake),
    serve(SaslAuthenticateRequest, sasl_authenticate),
)
