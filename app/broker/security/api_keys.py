"""Verbs on API keys: made, listed, deleted. The key itself is in the answer that makes it, alone.

One's own keys need no permission; another's need CREATE_TOKENS of that user, to see them
DESCRIBE_TOKENS (KIP-373 says so of delegation tokens). Nobody gets more by a key than by what was
shown: a narrowed credential makes no wider key, and one that ends none that ends later.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from app.broker.context import BrokerContext
from app.broker.errors import InvalidRequest, ResourceNotFound, UserAuthorizationFailed
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import audited_change
from app.cluster.security_records import ApiKeyRecord
from app.security.acls import Operation, Resource, ResourceType
from app.security.authorizer.scopes import SCOPES
from app.security.logins.api_key import hash_of, new_key
from app.security.logins.revocation import rests_on
from app.security.principal import CredentialKind, Principal

KEYS_OF_USER_MAX = 100
DESCRIPTION_CHARS_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that was just made."""

    record: ApiKeyRecord
    key: str = field(repr=False)
    """Never to be had again."""


async def create_api_key(
    context: BrokerContext,
    principal: Principal,
    user: str,
    *,
    scopes: Collection[str] | None = None,
    description: str = "",
    expires_at_ms: int | None = None,
) -> NewApiKey:
    """Make a key.

    Args:
        context: The broker.
        principal: Who asks.
        user: Whose key it is to be.
        scopes: What it is narrowed to; None for all that the user may.
        description: For people.
        expires_at_ms: When it ends; None for never.

    Raises:
        UserAuthorizationFailed: The principal may not, or would get more than it has.
        ResourceNotFound: There is no such user.
        InvalidRequest: A scope is unknown, the end is over, or the user has too many keys.
    """
    _require(context, principal, Operation.CREATE_TOKENS, user)
    wanted = None if scopes is None else frozenset(scopes)
    if wanted is not None and (not wanted or wanted - SCOPES.keys()):
        raise InvalidRequest(f"Scopes are one or more of {', '.join(SCOPES)}")
    if len(description) > DESCRIPTION_CHARS_MAX or not description.isprintable():
        raise InvalidRequest(
            f"A description has at most {DESCRIPTION_CHARS_MAX} characters that can be printed"
        )
    now_ms = context.clock.now_ms()
    if expires_at_ms is not None and expires_at_ms <= now_ms:
        raise InvalidRequest("The key would have ended already")
    _check_not_wider(principal, wanted, expires_at_ms, end_of_key(context, principal))
    image = context.security.image
    keys = () if image is None else image.api_keys.values()
    if sum(one.user == user for one in keys) >= KEYS_OF_USER_MAX:
        raise InvalidRequest(f"A user has at most {KEYS_OF_USER_MAX} keys")
    key_id, key = new_key()
    record = ApiKeyRecord(
        key_id=key_id,
        user=user,
        secret_hash=hash_of(key),
        scopes=wanted,
        description=description,
        created_at_ms=now_ms,
        expires_at_ms=expires_at_ms,
    )
    async with audited_change(
        *(context, "CreateApiKey", principal, _asked(principal, user)),
        Resource(ResourceType.USER, f"User:{user}"),
        items=[f"key {key_id}", *sorted(wanted or ())],
    ):
        with translating_catalog_errors():
            catalog, login = context.security.catalog, rests_on(principal)
            await catalog.create_api_key(record, login=login)
            await context.security.refresh()
    return NewApiKey(record=record, key=key)


async def list_api_keys(context: BrokerContext, principal: Principal) -> list[ApiKeyRecord]:
    """Return the keys that the principal may see, by their ids."""
    with translating_catalog_errors():
        found = await context.security.catalog.api_keys()
    may = {
        user: _may(context, principal, Operation.DESCRIBE_TOKENS, user)
        for user in {one.user for one in found}
    }
    return [one for one in found if may[one.user]]


async def delete_api_key(context: BrokerContext, principal: Principal, key_id: str) -> None:
    """Delete a key; logins made with it end.

    Raises:
        ResourceNotFound: There is none, or it is another's and not the principal's to delete.
    """
    image = context.security.image
    record = None if image is None else image.api_keys.get(key_id)
    if record is None or not _may(context, principal, Operation.CREATE_TOKENS, record.user):
        if record is not None:
            of_user = Resource(ResourceType.USER, f"User:{record.user}")
            context.note_denied(principal, Operation.CREATE_TOKENS, of_user)
        raise ResourceNotFound("There is no such API key")
    async with audited_change(
        *(context, "DeleteApiKey", principal, _asked(principal, record.user)),
        Resource(ResourceType.USER, f"User:{record.user}"),
        items=[f"key {key_id}"],
    ):
        with translating_catalog_errors():
            await context.security.catalog.delete_api_key(key_id)
            await context.security.refresh()


def end_of_key(context: BrokerContext, principal: Principal) -> int | None:
    """Return when the key ends that the principal logged in with, or got its token with.

    Returns:
        Milliseconds since the epoch; None if it never ends, or if there is no key in it.
    """
    credential = principal.credential
    if credential is None or not credential.key_id:
        is_key = credential is not None and credential.kind is CredentialKind.API_KEY
        return principal.expires_at_ms if is_key else None
    image = context.security.image
    record = None if image is None else image.api_keys.get(credential.key_id)
    return principal.expires_at_ms if record is None else record.expires_at_ms


def _check_not_wider(
    principal: Principal,
    scopes: frozenset[str] | None,
    expires_at_ms: int | None,
    ends: int | None,
) -> None:
    if principal.scopes is not None and (scopes is None or scopes - principal.scopes):
        raise UserAuthorizationFailed("not authorized to make a key of wider scopes than one's own")
    if ends is not None and (expires_at_ms is None or expires_at_ms > ends):
        raise UserAuthorizationFailed("not authorized to make a key that ends after one's own")


def _may(context: BrokerContext, principal: Principal, operation: Operation, user: str) -> bool:
    """Return whether a user's keys are the principal's to handle: its own are."""
    if _is_own(principal, user):
        return True
    whose = Resource(ResourceType.USER, f"User:{user}")
    return context.authorizer.authorize(principal, operation, whose)


def _is_own(principal: Principal, user: str) -> bool:
    is_own = principal.credential is not None and str(principal) == f"User:{user}"
    return is_own and (principal.scopes is None or "admin" in principal.scopes)


def _asked(principal: Principal, user: str) -> Operation | None:
    """Return what the authorizer was asked for a user's key; None for one's own."""
    return None if _is_own(principal, user) else Operation.CREATE_TOKENS


def _require(context: BrokerContext, principal: Principal, operation: Operation, user: str) -> None:
    if not _may(context, principal, operation, user):
        context.note_denied(principal, operation, Resource(ResourceType.USER, f"User:{user}"))
        raise UserAuthorizationFailed(f"not authorized to {operation.value} of user {user!r}")
