"""CreateDelegationToken, RenewDelegationToken, ExpireDelegationToken, DescribeDelegationToken.

Source: KIP-48, KIP-373; ``owners`` of a description: null for everybody's, none for none.
"""

from app.broker.errors import BrokerError
from app.broker.security.delegation_tokens import (
    DelegationToken,
    create_delegation_token,
    expire_delegation_token,
    list_delegation_tokens,
    renew_delegation_token,
)
from app.security.delegation import owner_of
from app.security.principal import Principal
from app.wire.call import Call
from app.wire.messages.delegation_tokens import (
    CreateDelegationTokenRequest,
    CreateDelegationTokenResponse,
    DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse,
    DescribedTokenData,
    ExpireDelegationTokenRequest,
    ExpireDelegationTokenResponse,
    RenewDelegationTokenRequest,
    RenewDelegationTokenResponse,
    TokenParty,
)
from app.wire.registry import serve

_NEVER = -1
"""What Kafka's answers have for a time where there is none."""


async def create(
    call: Call, request: CreateDelegationTokenRequest
) -> CreateDelegationTokenResponse:
    """Make a token."""
    owner = None
    if request.owner_principal_name:
        owner = Principal(request.owner_principal_name, request.owner_principal_type or "")
    try:
        made = await create_delegation_token(
            call.broker,
            call.principal,
            owner=owner,
            renewers=[_principal(one) for one in request.renewers],
            max_lifetime_ms=request.max_lifetime_ms,
        )
    except BrokerError as error:
        whose = owner or call.principal
        return CreateDelegationTokenResponse(
            error_code=error.code,
            principal_type=whose.kind,
            principal_name=whose.name,
            token_requester_principal_type=call.principal.kind,
            token_requester_principal_name=call.principal.name,
            issue_timestamp_ms=_NEVER,
            expiry_timestamp_ms=_NEVER,
            max_timestamp_ms=_NEVER,
        )
    record, whose, by = made.record, owner_of(made.record.owner), owner_of(made.record.requester)
    return CreateDelegationTokenResponse(
        principal_type=whose.kind,
        principal_name=whose.name,
        token_requester_principal_type=by.kind,
        token_requester_principal_name=by.name,
        issue_timestamp_ms=record.issued_at_ms,
        expiry_timestamp_ms=record.expires_at_ms,
        max_timestamp_ms=record.max_at_ms,
        token_id=record.token_id,
        hmac=made.secret,
    )


async def renew(call: Call, request: RenewDelegationTokenRequest) -> RenewDelegationTokenResponse:
    """Let a token stand for longer."""
    try:
        expires_at_ms = await renew_delegation_token(
            call.broker, call.principal, bytes(request.hmac), request.renew_period_ms
        )
    except BrokerError as error:
        return RenewDelegationTokenResponse(error_code=error.code, expiry_timestamp_ms=_NEVER)
    return RenewDelegationTokenResponse(expiry_timestamp_ms=expires_at_ms)


async def expire(
    call: Call, request: ExpireDelegationTokenRequest
) -> ExpireDelegationTokenResponse:
    """End a token."""
    try:
        expires_at_ms = await expire_delegation_token(
            call.broker, call.principal, bytes(request.hmac), request.expiry_time_period_ms
        )
    except BrokerError as error:
        return ExpireDelegationTokenResponse(error_code=error.code, expiry_timestamp_ms=_NEVER)
    return ExpireDelegationTokenResponse(expiry_timestamp_ms=expires_at_ms)


def describe(
    call: Call, request: DescribeDelegationTokenRequest
) -> DescribeDelegationTokenResponse:
    """Tell the tokens that the principal may see."""
    owners = None if request.owners is None else [_principal(one) for one in request.owners]
    try:
        found = list_delegation_tokens(call.broker, call.principal, owners)
    except BrokerError as error:
        return DescribeDelegationTokenResponse(error_code=error.code)
    return DescribeDelegationTokenResponse(tokens=[_described(one) for one in found])


def _principal(party: TokenParty) -> Principal:
    return Principal(party.principal_name, party.principal_type)


def _described(token: DelegationToken) -> DescribedTokenData:
    record = token.record
    whose, by = owner_of(record.owner), owner_of(record.requester)
    renewers = [owner_of(one) for one in record.renewers]
    return DescribedTokenData(
        principal_type=whose.kind,
        principal_name=whose.name,
        token_requester_principal_type=by.kind,
        token_requester_principal_name=by.name,
        issue_timestamp=record.issued_at_ms,
        expiry_timestamp=record.expires_at_ms,
        max_timestamp=record.max_at_ms,
        token_id=record.token_id,
        hmac=token.secret,
        renewers=[TokenParty(principal_type=one.kind, principal_name=one.name) for one in renewers],
    )


SERVED = (
    serve(CreateDelegationTokenRequest, create),
    serve(RenewDelegationTokenRequest, renew),
    serve(ExpireDelegationTokenRequest, expire),
    serve(DescribeDelegationTokenRequest, describe),
)
