"""Verbs on delegation tokens: made, renewed, ended, listed.

Who logged in with its own credential may make tokens of itself; of another owner it needs
CREATE_TOKENS of that user. The owner, who asked for it and the renewers may renew and end a token.
A token cannot be used to make, renew, end or see tokens, so one that leaked ends by itself; nor
can a credential of narrowed scopes, for a token has none; one by an API key ends when that does.
Others see a token with DESCRIBE of it, or DESCRIBE_TOKENS of its owner.
Source: KIP-48, KIP-373 (tokens of another owner); the order of its refusals is Kafka's.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from app.broker.context import BrokerContext
from app.broker.errors import (
    DelegationTokenAuthorizationFailed,
    DelegationTokenExpired,
    DelegationTokenNotFound,
    DelegationTokenOwnerMismatch,
    DelegationTokenRequestNotAllowed,
    InvalidPrincipalType,
    InvalidRequest,
)
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.api_keys import end_of_key
from app.broker.security.changes import audited_change
from app.cluster.security_records import DelegationTokenRecord
from app.security.acls import Operation, Resource, ResourceType
from app.security.delegation import new_token_id
from app.security.logins.revocation import rests_on
from app.security.principal import CredentialKind, Principal

CREATE = "CreateDelegationToken"

TOKENS_OF_OWNER_MAX = 1_000
RENEWERS_MAX = 100
PRINCIPAL_CHARS_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationToken:
    """A token with its secret."""

    record: DelegationTokenRecord
    secret: bytes = field(repr=False)
    """Kafka's ``hmac``."""


async def create_delegation_token(
    context: BrokerContext,
    principal: Principal,
    *,
    owner: Principal | None = None,
    renewers: Sequence[Principal] = (),
    max_lifetime_ms: int = -1,
) -> DelegationToken:
    """Make a token.

    Args:
        context: The broker.
        principal: Who asks.
        owner: Whose it is to be; None for the principal itself.
        renewers: Who may renew it, besides its owner and who asked for it.
        max_lifetime_ms: How long it stands at the most, however often it is renewed; the
            configured bound if not positive or more than that.

    Raises:
        DelegationTokenRequestNotAllowed: The principal did not log in, or did so with a token.
        DelegationTokenAuthorizationFailed: It may not make tokens of that owner.
        InvalidPrincipalType: An owner or a renewer is no user.
        InvalidRequest: The owner has too many tokens, or a name is none.
    """
    _require_own_login(principal)
    whose = principal if owner is None else owner
    of_owner = Resource(ResourceType.USER, str(whose))
    if whose != principal and not context.may(principal, Operation.CREATE_TOKENS, of_owner):
        raise DelegationTokenAuthorizationFailed(f"not authorized to make tokens of {whose}")
    _check_users([whose, *renewers])
    present = sum(one.owner == str(whose) for one in context.delegation_tokens.all())
    if present >= TOKENS_OF_OWNER_MAX:
        raise InvalidRequest(f"An owner has at most {TOKENS_OF_OWNER_MAX} delegation tokens")
    limits, now_ms = context.limits, context.clock.now_ms()
    lifetime_ms = limits.delegation_token_max_lifetime_ms
    if 0 < max_lifetime_ms < lifetime_ms:
        lifetime_ms = max_lifetime_ms
    ends_at_ms = end_of_key(context, principal)
    if ends_at_ms is not None:
        lifetime_ms = min(lifetime_ms, ends_at_ms - now_ms)
    token_id = new_token_id()
    record = DelegationTokenRecord(
        token_id=token_id,
        owner=str(whose),
        requester=str(principal),
        renewers=tuple(str(one) for one in renewers),
        hmac=context.delegation_tokens.digest_of(token_id),
        issued_at_ms=now_ms,
        expires_at_ms=now_ms + min(lifetime_ms, limits.delegation_token_expiry_time_ms),
        max_at_ms=now_ms + lifetime_ms,
    )
    async with _audited(context, CREATE, principal, record):
        with translating_catalog_errors():
            catalog, login = context.security.catalog, rests_on(principal)
            await catalog.put_delegation_token(record, login=login)
            await context.security.refresh()
    return _with_secret(context, record)


async def renew_delegation_token(
    context: BrokerContext, principal: Principal, secret: bytes, period_ms: int = -1
) -> int:
    """Let a token stand for longer; return when it expires now, in ms since the epoch.

    Args:
        context: The broker.
        principal: Its owner, who asked for it, or a renewer.
        secret: The token's.
        period_ms: From now on; the configured one if negative. The token's end stays the bound.

    Raises:
        DelegationTokenRequestNotAllowed: The principal did not log in, or did so with a token.
        DelegationTokenNotFound: There is none with this secret.
        DelegationTokenOwnerMismatch: It is not the principal's to renew.
        DelegationTokenExpired: It is over.
    """
    token = _found(context, principal, secret)
    period = context.limits.delegation_token_expiry_time_ms if period_ms < 0 else period_ms
    async with _audited(context, "RenewDelegationToken", principal, token):
        return await _set_expiry(context, token, period)


async def expire_delegation_token(
    context: BrokerContext, principal: Principal, secret: bytes, period_ms: int = -1
) -> int:
    """End a token, at once or later; return when, in ms since the epoch.

    Args:
        context: The broker.
        principal: Its owner, who asked for it, or a renewer.
        secret: The token's.
        period_ms: From now on; at once if negative.

    Raises:
        DelegationTokenRequestNotAllowed: The principal did not log in, or did so with a token.
        DelegationTokenNotFound: There is none with this secret.
        DelegationTokenOwnerMismatch: It is not the principal's to end.
        DelegationTokenExpired: It is over already, and is not to end at once.
    """
    token = _found(context, principal, secret)
    async with _audited(context, "ExpireDelegationToken", principal, token):
        if period_ms >= 0:
            return await _set_expiry(context, token, period_ms)
        with translating_catalog_errors():
            await context.security.catalog.delete_delegation_token(token.token_id)
            await context.security.refresh()
    return context.clock.now_ms()


def list_delegation_tokens(
    context: BrokerContext, principal: Principal, owners: Collection[Principal] | None = None
) -> list[DelegationToken]:
    """Return the tokens that the principal may see, by when they were made.

    Args:
        context: The broker.
        principal: Who asks.
        owners: Of whom only, as owner, asker or renewer; None for everybody's.

    Raises:
        DelegationTokenRequestNotAllowed: The principal did not log in, or did so with a token.
    """
    _require_own_login(principal)
    wanted = None if owners is None else {str(one) for one in owners}
    found = [
        one
        for one in context.delegation_tokens.all()
        if (wanted is None or _parties(one) & wanted) and _may_see(context, principal, one)
    ]
    found.sort(key=lambda one: (one.issued_at_ms, one.token_id))
    return [_with_secret(context, one) for one in found]


def find_delegation_token(
    context: BrokerContext, principal: Principal, token_id: str
) -> DelegationToken | None:
    """Return a token by its id; None if there is none that the principal may see.

    Raises:
        DelegationTokenRequestNotAllowed: The principal did not log in, or did so with a token.
    """
    _require_own_login(principal)
    for one in context.delegation_tokens.all():
        if one.token_id == token_id and _may_see(context, principal, one):
            return _with_secret(context, one)
    return None


def _may_see(context: BrokerContext, principal: Principal, token: DelegationTokenRecord) -> bool:
    if str(principal) in _parties(token):
        return True
    by_itself = Resource(ResourceType.DELEGATION_TOKEN, token.token_id)
    by_owner = Resource(ResourceType.USER, token.owner)
    authorize = context.authorizer.authorize
    return authorize(principal, Operation.DESCRIBE, by_itself) or authorize(
        principal, Operation.DESCRIBE_TOKENS, by_owner
    )


def _require_own_login(principal: Principal) -> None:
    credential = principal.credential
    if credential is None or credential.kind is CredentialKind.DELEGATION_TOKEN:
        raise DelegationTokenRequestNotAllowed(
            "Delegation token requests are not allowed without a login, nor with a delegation token"
        )
    if principal.scopes is not None:
        raise DelegationTokenRequestNotAllowed(
            "Delegation token requests are not allowed with a credential of narrowed scopes"
        )


def _audited(
    context: BrokerContext, method: str, principal: Principal, token: DelegationTokenRecord
) -> AbstractAsyncContextManager[None]:
    whose = Resource(ResourceType.USER, token.owner)
    items = [f"delegation token {token.token_id}"]
    # its parties need no rule: only a new one of somebody else's is asked for
    is_asked = method == CREATE and token.owner != str(principal)
    operation = Operation.CREATE_TOKENS if is_asked else None
    return audited_change(context, method, principal, operation, whose, items=items)


def _found(context: BrokerContext, principal: Principal, secret: bytes) -> DelegationTokenRecord:
    _require_own_login(principal)
    token = context.delegation_tokens.by_secret(secret)
    if token is None:
        raise DelegationTokenNotFound("There is no such delegation token")
    if str(principal) not in _parties(token):
        raise DelegationTokenOwnerMismatch(f"The delegation token is not {principal}'s to change")
    return token


async def _set_expiry(context: BrokerContext, token: DelegationTokenRecord, period_ms: int) -> int:
    now_ms = context.clock.now_ms()
    if token.expires_at_ms <= now_ms:
        raise DelegationTokenExpired("The delegation token is over")
    expires_at_ms = min(token.max_at_ms, now_ms + period_ms)
    with translating_catalog_errors():
        await context.security.catalog.renew_delegation_token(token.token_id, expires_at_ms)
        await context.security.refresh()
    return expires_at_ms


def _check_users(parties: Sequence[Principal]) -> None:
    if len(parties) - 1 > RENEWERS_MAX:
        raise InvalidRequest(f"A delegation token has at most {RENEWERS_MAX} renewers")
    for one in parties:
        if one.kind != "User":
            raise InvalidPrincipalType(f"{one.kind[:64]!r} is no type of principal that may be")
        if not one.name or len(str(one)) > PRINCIPAL_CHARS_MAX:
            raise InvalidRequest("A principal's name has 1 to 250 characters")


def _parties(token: DelegationTokenRecord) -> set[str]:
    return {token.owner, token.requester, *token.renewers}


def _with_secret(context: BrokerContext, record: DelegationTokenRecord) -> DelegationToken:
    return DelegationToken(
        record=record, secret=context.delegation_tokens.secret_of(record.token_id)
    )
