"""The APIs of delegation tokens, through their bytes."""

import pytest

from app.broker.context import BrokerContext
from app.security.principal import Credential, CredentialKind, Principal
from app.wire.call import Client
from app.wire.messages.delegation_tokens import (
    CreateDelegationTokenRequest,
    CreateDelegationTokenResponse,
    DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse,
    ExpireDelegationTokenRequest,
    ExpireDelegationTokenResponse,
    RenewDelegationTokenRequest,
    RenewDelegationTokenResponse,
    TokenParty,
)
from tests.support.wire_calls import ask

ALICE = Principal("alice", credential=Credential(CredentialKind.CERTIFICATE, "CN=alice"))
LOGGED_IN = Client(host="127.0.0.1", local_host="127.0.0.1", principal=ALICE)
BOB = TokenParty(principal_type="User", principal_name="bob")
HOUR_MS = 3_600_000


async def made(broker: BrokerContext, version: int = 3) -> CreateDelegationTokenResponse:
    request = CreateDelegationTokenRequest(renewers=[BOB], max_lifetime_ms=HOUR_MS)
    return await ask(broker, request, CreateDelegationTokenResponse, version, LOGGED_IN)


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_what_is_made_is_described_renewed_and_ended(
    broker: BrokerContext, version: int
) -> None:
    token = await made(broker, version)
    assert (token.error_code, token.principal_type, token.principal_name) == (0, "User", "alice")
    assert token.expiry_timestamp_ms == token.issue_timestamp_ms + HOUR_MS
    requester = "alice" if version >= 3 else ""
    assert token.token_requester_principal_name == requester

    found = await ask(
        *(broker, DescribeDelegationTokenRequest(owners=None), DescribeDelegationTokenResponse),
        *(version, LOGGED_IN),
    )
    (one,) = found.tokens
    assert (one.token_id, one.hmac, one.renewers) == (token.token_id, token.hmac, [BOB])
    assert one.max_timestamp == token.max_timestamp_ms
    assert one.token_requester_principal_name == requester
    nobodys = await ask(
        *(broker, DescribeDelegationTokenRequest(owners=[]), DescribeDelegationTokenResponse),
        *(version, LOGGED_IN),
    )
    assert nobodys.tokens == []

    renewed = await ask(
        broker,
        RenewDelegationTokenRequest(hmac=token.hmac, renew_period_ms=1_000),
        RenewDelegationTokenResponse,
        min(version, 2),
        LOGGED_IN,
    )
    assert (renewed.error_code, renewed.expiry_timestamp_ms < token.expiry_timestamp_ms) == (
        0,
        True,
    )
    ended = await ask(
        broker,
        ExpireDelegationTokenRequest(hmac=token.hmac, expiry_time_period_ms=-1),
        ExpireDelegationTokenResponse,
        min(version, 2),
        LOGGED_IN,
    )
    assert ended.error_code == 0
    again = await ask(
        broker,
        ExpireDelegationTokenRequest(hmac=token.hmac, expiry_time_period_ms=-1),
        ExpireDelegationTokenResponse,
        min(version, 2),
        LOGGED_IN,
    )
    assert (again.error_code, again.expiry_timestamp_ms) == (62, -1)


async def test_who_did_not_log_in_is_told_that_it_is_not_allowed(broker: BrokerContext) -> None:
    create = await ask(broker, CreateDelegationTokenRequest(), CreateDelegationTokenResponse, 3)
    renew = await ask(broker, RenewDelegationTokenRequest(), RenewDelegationTokenResponse, 2)
    describe = await ask(
        broker, DescribeDelegationTokenRequest(), DescribeDelegationTokenResponse, 3
    )

    assert [create.error_code, renew.error_code, describe.error_code] == [64, 64, 64]
    assert (create.issue_timestamp_ms, create.principal_name) == (-1, "ANONYMOUS")


async def test_owner_of_a_kind_that_is_none_is_refused(broker: BrokerContext) -> None:
    request = CreateDelegationTokenRequest(
        owner_principal_type="Group", owner_principal_name="g", max_lifetime_ms=-1
    )

    answer = await ask(broker, request, CreateDelegationTokenResponse, 3, LOGGED_IN)

    assert answer.error_code == 67
