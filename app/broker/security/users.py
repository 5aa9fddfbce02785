"""Verbs on users: who there is, and what they log in with.

They need what Kafka asks for SCRAM credentials: DESCRIBE and ALTER of the cluster. A password is
given once, as text, and is kept as hashes: Argon2id's for passwords shown as they are, SCRAM's keys
for the two mechanisms. All of them change together, in one transaction.
Source: KIP-554; its bounds and its refusals.
"""

import asyncio
from dataclasses import dataclass

from app.broker.context import BrokerContext
from app.broker.errors import InvalidRequest, UnacceptableCredential, UserAuthorizationFailed
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import audited_change
from app.cluster.security_records import ScramRecord
from app.security.acls import CLUSTER, Operation
from app.security.image import SecurityImage
from app.security.logins.passwords import PASSWORD_BYTES_MAX
from app.security.logins.scram_keys import HASH_NAMES, saslprep, scram_record
from app.security.principal import ANONYMOUS, CredentialKind, Principal

NAME_CHARS_MAX = 255
PASSWORD_CHARS_MIN = 8
USERS_MAX = 100_000

_RESERVED = frozenset({ANONYMOUS.name, "*", "<default>"})
"""Names that mean nobody, everybody, and everybody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Someone who may log in, without anything that is secret."""

    name: str
    has_password: bool
    scram_mechanisms: tuple[str, ...]
    created_at_ms: int


def list_users(context: BrokerContext, principal: Principal) -> list[User]:
    """Return all users by their names.

    Raises:
        ClusterAuthorizationFailed: The principal may not DESCRIBE the cluster.
    """
    context.require_cluster(principal, Operation.DESCRIBE)
    image = context.security.image
    return [] if image is None else [_user(image, name) for name in sorted(image.users)]


def describe_user(context: BrokerContext, principal: Principal, name: str) -> User | None:
    """Return one user; None if there is none.

    Raises:
        ClusterAuthorizationFailed: The principal may not DESCRIBE the cluster.
    """
    context.require_cluster(principal, Operation.DESCRIBE)
    image = context.security.image
    return None if image is None or name not in image.users else _user(image, name)


async def create_user(
    context: BrokerContext, principal: Principal, name: str, password: str | None
) -> User:
    """Create a user.

    Args:
        context: The broker.
        principal: Needs ALTER of the cluster.
        name: The user's.
        password: None for one that logs in with API keys alone.

    Raises:
        ClusterAuthorizationFailed: It may not, or may give no password.
        InvalidRequest: The name is none, or there are too many users.
        DuplicateResource: There is a user of the name.
        UnacceptableCredential: The password is too short or too long, or cannot be typed.
    """
    context.require_cluster(principal, Operation.ALTER)
    if password is not None:
        require_whole_login(principal)
    check_name(name)
    image = context.security.image
    if image is not None and len(image.users) >= USERS_MAX:
        raise InvalidRequest(f"There are {USERS_MAX} users, and may be no more")
    hashed, scram = await _kept(context, name, password)
    async with audited_change(
        *(context, "CreateUser", principal, Operation.ALTER, CLUSTER), items=[f"user {name}"]
    ):
        with translating_catalog_errors():
            await context.security.catalog.create_user(name, password_hash=hashed, scram=scram)
            return _user(await context.security.refresh(), name)


async def alter_user(
    context: BrokerContext, principal: Principal, name: str, password: str
) -> None:
    """Give a user another password; logins that were made with the old one end.

    Raises:
        ClusterAuthorizationFailed: The principal may not ALTER the cluster, or give passwords.
        ResourceNotFound: There is no such user.
        UnacceptableCredential: The password is too short or too long, or cannot be typed.
    """
    context.require_cluster(principal, Operation.ALTER)
    require_whole_login(principal)
    hashed, scram = await _kept(context, name, password)
    async with audited_change(
        *(context, "AlterUser", principal, Operation.ALTER, CLUSTER), items=[f"user {name}"]
    ):
        with translating_catalog_errors():
            await context.security.catalog.alter_user(name, password_hash=hashed, scram=scram)
            await context.security.refresh()


async def delete_user(context: BrokerContext, principal: Principal, name: str) -> None:
    """Delete a user with its keys; its logins end, its access control lists stay.

    Nobody deletes itself: the last one who may administer would leave a cluster that nobody can.

    Raises:
        ClusterAuthorizationFailed: The principal may not ALTER the cluster.
        InvalidRequest: The principal is that user.
        ResourceNotFound: There is no such user.
    """
    context.require_cluster(principal, Operation.ALTER)
    if principal.credential is not None and str(principal) == f"User:{name}":
        raise InvalidRequest("A user cannot delete itself: log in as another one")
    async with audited_change(
        *(context, "DeleteUser", principal, Operation.ALTER, CLUSTER), items=[f"user {name}"]
    ):
        with translating_catalog_errors():
            await context.security.catalog.delete_user(name)
            await context.security.refresh()


def require_whole_login(principal: Principal) -> None:
    """Refuse who would give a password, and logged in with less than a user has.

    Whoever has a password has all that its user may, for as long as it stands: with it a credential
    of narrowed scopes would be none any more, and a delegation token that leaked would not end.

    Raises:
        UserAuthorizationFailed: By a credential of narrowed scopes, or a delegation token.
    """
    lent = CredentialKind.DELEGATION_TOKEN
    is_lent = principal.credential is not None and principal.credential.kind is lent
    if principal.scopes is not None or is_lent:
        raise UserAuthorizationFailed(
            "not authorized to give a password with a credential of narrowed scopes, "
            "nor with a delegation token"
        )


def check_name(name: str) -> None:
    """Refuse what cannot be a user's name.

    Raises:
        InvalidRequest: With the rule that it breaks.
    """
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable() or name != name.strip():
        raise InvalidRequest(
            f"A user's name has 1 to {NAME_CHARS_MAX} characters that can be printed, "
            "and no space at its ends"
        )
    if name in _RESERVED:
        raise InvalidRequest("This name means others than one user")


async def _kept(
    context: BrokerContext, name: str, password: str | None
) -> tuple[str | None, list[ScramRecord]]:
    """Return what is kept of a password."""
    if password is None:
        return None, []
    if len(password) < PASSWORD_CHARS_MIN:
        raise UnacceptableCredential(f"A password has at least {PASSWORD_CHARS_MIN} characters")
    try:
        size = len(saslprep(password).encode())
    except ValueError:
        raise UnacceptableCredential("The password holds characters that none may have") from None
    if max(size, len(password.encode())) > PASSWORD_BYTES_MAX:
        raise UnacceptableCredential(f"A password has at most {PASSWORD_BYTES_MAX} bytes")
    scram = [
        await asyncio.to_thread(scram_record, name, mechanism, password) for mechanism in HASH_NAMES
    ]
    return await context.passwords.hash(password), scram


def _user(image: SecurityImage, name: str) -> User:
    user = image.users[name]
    return User(
        name=name,
        has_password=user.password_hash is not None,
        scram_mechanisms=tuple(one for one in HASH_NAMES if (name, one) in image.scram),
        created_at_ms=user.created_at_ms,
    )
