import pytest

from app.broker.context import BrokerContext
from app.wire.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
    SaslHandshakeResponse,
)
from tests.support.wire_calls import ask


@pytest.mark.parametrize("version", range(2))
async def test_a_handshake_is_refused_and_offered_nothing(
    broker: BrokerContext, version: int
) -> None:
    asked = SaslHandshakeRequest(mechanism="PLAIN")

    response = await ask(broker, asked, SaslHandshakeResponse, version)

    assert (response.error_code, response.mechanisms) == (34, [])


@pytest.mark.parametrize("version", range(3))
async def test_authentication_is_refused(broker: BrokerContext, version: int) -> None:
    asked = SaslAuthenticateRequest(auth_bytes=b"\0alice\0secret")

    response = await ask(broker, asked, SaslAuthenticateResponse, version)

    assert response.error_code == 34
    assert "does not authenticate" in (response.error_message or "")
