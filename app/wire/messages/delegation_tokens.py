"""Delegation tokens: create, renew, expire, describe.

Source: Kafka's protocol guide, "The Messages"; KIP-48, KIP-373.
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int16, Int32, Int64


@struct
class TokenParty:
    """A principal: of ``renewers`` and of ``owners``."""

    principal_type: str = ""
    principal_name: str = ""


@request(key=38, versions=(1, 3), flexible=2)
class CreateDelegationTokenRequest:
    """Request of CreateDelegationToken."""

    owner_principal_type: str | None = field(3, default=None)
    owner_principal_name: str | None = field(3, default=None)
    renewers: list[TokenParty] = field()
    max_lifetime_ms: Int64 = 0


@response(CreateDelegationTokenRequest)
class CreateDelegationTokenResponse:
    """Response of CreateDelegationToken."""

    error_code: Int16 = 0
    principal_type: str = ""
    principal_name: str = ""
    token_requester_principal_type: str = field(3)
    token_requester_principal_name: str = field(3)
    issue_timestamp_ms: Int64 = 0
    expiry_timestamp_ms: Int64 = 0
    max_timestamp_ms: Int64 = 0
    token_id: str = ""
    hmac: bytes = field(is_secret=True)
    throttle_time_ms: Int32 = 0


@request(key=39, versions=(1, 2), flexible=2)
class RenewDelegationTokenRequest:
    """Request of RenewDelegationToken."""

    hmac: bytes = field(is_secret=True)
    renew_period_ms: Int64 = 0


@response(RenewDelegationTokenRequest)
class RenewDelegationTokenResponse:
    """Response of RenewDelegationToken."""

    error_code: Int16 = 0
    expiry_timestamp_ms: Int64 = 0
    throttle_time_ms: Int32 = 0


@request(key=40, versions=(1, 2), flexible=2)
class ExpireDelegationTokenRequest:
    """Request of ExpireDelegationToken."""

    hmac: bytes = field(is_secret=True)
    expiry_time_period_ms: Int64 = 0


@response(ExpireDelegationTokenRequest)
class ExpireDelegationTokenResponse:
    """Response of ExpireDelegationToken."""

    error_code: Int16 = 0
    expiry_timestamp_ms: Int64 = 0
    throttle_time_ms: Int32 = 0


@request(key=41, versions=(1, 3), flexible=2)
class DescribeDelegationTokenRequest:
    """Request of DescribeDelegationToken."""

    owners: list[TokenParty] | None = field()


@struct
class DescribedTokenData:
    """``tokens`` of ``DescribeDelegationTokenResponse``."""

    principal_type: str = ""
    principal_name: str = ""
    token_requester_principal_type: str = field(3)
    token_requester_principal_name: str = field(3)
    issue_timestamp: Int64 = 0
    expiry_timestamp: Int64 = 0
    max_timestamp: Int64 = 0
    token_id: str = ""
    hmac: bytes = field(is_secret=True)
    renewers: list[TokenParty] = field()


@response(DescribeDelegationTokenRequest)
class DescribeDelegationTokenResponse:
    """Response of DescribeDelegationToken."""

    error_code: Int16 = 0
    tokens: list[DescribedTokenData] = field()
    throttle_time_ms: Int32 = 0
