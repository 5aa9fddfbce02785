"""Verbs on SCRAM credentials: which users have some, and others in their place.

Clients send a salted password, so the password itself is never here: what else was made of the old
one cannot be made anew. So with a credential that is put the user's password goes, and it logs in
by SCRAM until it is given a password again. A user that is not there is made.

Invariants:
    The changes of one user are made together, or none of them.
    Logins that were made with what the user had before end.
Source: KIP-554; ``ScramControlManager``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    DuplicateResource,
    InvalidRequest,
    ResourceNotFound,
    UnacceptableCredential,
    UnsupportedSaslMechanism,
)
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import audited_change
from app.broker.security.users import USERS_MAX, check_name, require_whole_login
from app.cluster.errors import UserExists
from app.cluster.security_records import ScramRecord
from app.security.acls import CLUSTER, Operation
from app.security.image import SecurityImage
from app.security.logins.scram_keys import (
    HASH_SIZES,
    ITERATIONS_MAX,
    ITERATIONS_MIN,
    record_of_salted,
)
from app.security.principal import Principal

SALT_BYTES_MIN = 8
SALT_BYTES_MAX = 1024
CHANGES_MAX = 1_000
"""Of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScramDeletion:
    """A credential that is to go."""

    user: str
    mechanism: str | None
    """None for one that is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScramUpsertion:
    """A credential that is to be put, in place of that of the same mechanism."""

    user: str
    mechanism: str | None
    iterations: int
    salt: bytes = field(repr=False)
    salted_password: bytes = field(repr=False)


def describe_scram_credentials(
    context: BrokerContext, principal: Principal, users: Sequence[str]
) -> dict[str, dict[str, int] | BrokerError]:
    """Return the iterations of users' credentials by mechanism, or why there are none.

    Args:
        context: The broker.
        principal: Needs DESCRIBE of the cluster.
        users: Their names; none for all who have a credential.

    Raises:
        ClusterAuthorizationFailed: It may not.
    """
    context.require_cluster(principal, Operation.DESCRIBE)
    image = context.security.image
    known: dict[str, dict[str, int]] = {}
    for (name, mechanism), record in (image.scram if image is not None else {}).items():
        known.setdefault(name, {})[mechanism] = record.iterations
    if not users:
        return {name: known[name] for name in sorted(known)}
    found: dict[str, dict[str, int] | BrokerError] = {}
    for name in users:
        if name in found:
            found[name] = DuplicateResource("A user is described twice in one request")
        elif name in known:
            found[name] = known[name]
        else:
            found[name] = ResourceNotFound("There is no such user with a SCRAM credential")
    return found


async def alter_scram_credentials(
    context: BrokerContext,
    principal: Principal,
    deletions: Sequence[ScramDeletion],
    upsertions: Sequence[ScramUpsertion],
) -> dict[str, BrokerError | None]:
    """Change credentials; return of each user why its were not changed, or None.

    Args:
        context: The broker.
        principal: Needs ALTER of the cluster.
        deletions: What goes.
        upsertions: What is put.

    Raises:
        ClusterAuthorizationFailed: It may not, or may put none.
        InvalidRequest: These are too many changes.
    """
    context.require_cluster(principal, Operation.ALTER)
    if upsertions:
        require_whole_login(principal)
    changes: list[ScramDeletion | ScramUpsertion] = [*deletions, *upsertions]
    if len(changes) > CHANGES_MAX:
        raise InvalidRequest(f"A request may change {CHANGES_MAX} credentials")
    by_user: dict[str, list[ScramDeletion | ScramUpsertion]] = {}
    for one in changes:
        by_user.setdefault(one.user, []).append(one)
    with translating_catalog_errors():
        image = await context.security.refresh()
    results: dict[str, BrokerError | None] = {}
    for user, those in by_user.items():
        try:
            async with audited_change(
                *(context, "AlterUserScramCredentials", principal, Operation.ALTER, CLUSTER),
                items=[f"user {user}"],
            ):
                with translating_catalog_errors():
                    await _alter(context, image, user, those)
            results[user] = None
        except BrokerError as error:
            results[user] = error
    with translating_catalog_errors():
        await context.security.refresh()
    return results


async def _alter(
    context: BrokerContext,
    image: SecurityImage,
    user: str,
    changes: Sequence[ScramDeletion | ScramUpsertion],
) -> None:
    """Make the changes of one user, all of them."""
    gone = [_mechanism(one) for one in changes if isinstance(one, ScramDeletion)]
    scram = [_record(one) for one in changes if isinstance(one, ScramUpsertion)]
    mechanisms = [*gone, *(one.mechanism for one in scram)]
    if len(set(mechanisms)) < len(mechanisms):
        raise DuplicateResource("A user's credential is changed twice in one request")
    if any((user, one) not in image.scram for one in gone):
        raise ResourceNotFound("There is no such SCRAM credential to delete")
    if user not in image.users:
        _check_new(user, len(image.users))
        try:
            await context.security.catalog.create_user(user, scram=scram)
            return
        except UserExists:
            pass  # since a moment ago, by another node
    await context.security.catalog.alter_user(
        user, scram=scram, delete_scram=gone, delete_password=bool(scram)
    )


def _check_new(user: str, users: int) -> None:
    if users >= USERS_MAX:
        raise UnacceptableCredential(f"There are {USERS_MAX} users, and may be no more")
    try:
        check_name(user)
    except InvalidRequest as error:
        raise UnacceptableCredential(str(error)) from None


def _mechanism(change: ScramDeletion | ScramUpsertion) -> str:
    if not change.user:
        raise UnacceptableCredential("A user's name is not empty")
    if change.mechanism is None:
        raise UnsupportedSaslMechanism("Unknown SCRAM mechanism")
    return change.mechanism


def _record(wanted: ScramUpsertion) -> ScramRecord:
    mechanism = _mechanism(wanted)
    if not ITERATIONS_MIN <= wanted.iterations <= ITERATIONS_MAX:
        raise UnacceptableCredential(
            f"Iterations of {mechanism} are {ITERATIONS_MIN} to {ITERATIONS_MAX}"
        )
    if len(wanted.salted_password) != HASH_SIZES[mechanism]:
        raise UnacceptableCredential(
            f"A salted password of {mechanism} has {HASH_SIZES[mechanism]} bytes"
        )
    if not SALT_BYTES_MIN <= len(wanted.salt) <= SALT_BYTES_MAX:
        raise UnacceptableCredential(f"A salt has {SALT_BYTES_MIN} to {SALT_BYTES_MAX} bytes")
    return record_of_salted(
        wanted.user,
        mechanism,
        wanted.salted_password,
        salt=wanted.salt,
        iterations=wanted.iterations,
    )
