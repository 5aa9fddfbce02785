"""SaslHandshake and SaslAuthenticate, on a port where nobody needs to authenticate.

Both are refused as Kafka refuses them on a listener of plain text: nothing asked for them.
Source: KIP-43, KIP-152; ``KafkaApis.handleSaslHandshakeRequest``.
"""

from app.broker.errors import IllegalSaslState
from app.wire.call import Call
from app.wire.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
    SaslHandshakeResponse,
)
from app.wire.registry import serve


def sasl_handshake(call: Call, request: SaslHandshakeRequest) -> SaslHandshakeResponse:
    """Offer no mechanism."""
    del call, request
    return SaslHandshakeResponse(error_code=IllegalSaslState.code)


def sasl_authenticate(call: Call, request: SaslAuthenticateRequest) -> SaslAuthenticateResponse:
    """Say that this port does not authenticate."""
    del call, request
    return SaslAuthenticateResponse(
        error_code=IllegalSaslState.code,
        error_message="This listener does not authenticate clients.",
    )


SERVED = (
    serve(SaslHandshakeRequest, sasl_handshake),
    serve(SaslAuthenticateRequest, sasl_authenticate),
)
