"""Verbs on users: what they make can log in, and nothing secret comes back."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    ClusterAuthorizationFailed,
    DuplicateResource,
    InvalidRequest,
    ResourceNotFound,
    UnacceptableCredential,
    UserAuthorizationFailed,
)
from app.broker.security.scram_credentials import (
    ScramDeletion,
    ScramUpsertion,
    alter_scram_credentials,
)
from app.broker.security.users import (
    alter_user,
    check_name,
    create_user,
    delete_user,
    describe_user,
    list_users,
)
from app.security.acls import Operation
from app.security.logins.scram_keys import HASH_NAMES, SCRAM_SHA_256
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from tests.support.broker import Guards, guarded

CANARY = "canary-password"


async def test_user_is_made_listed_changed_and_deleted(context: BrokerContext) -> None:
    made = await create_user(context, ANONYMOUS, "bob", CANARY)
    keys_only = await create_user(context, ANONYMOUS, "alice", None)

    assert list_users(context, ANONYMOUS) == [keys_only, made]
    assert (made.has_password, made.scram_mechanisms) == (True, tuple(HASH_NAMES))
    assert (keys_only.has_password, keys_only.scram_mechanisms) == (False, ())
    image = context.security.image
    assert image is not None
    assert CANARY not in repr((made, image))
    kept = image.users["bob"].password_hash
    assert kept is not None
    assert await context.passwords.check(b"1", kept, CANARY, "h", 0.0)

    await alter_user(context, ANONYMOUS, "bob", "another one")
    changed = context.security.image
    assert changed is not None
    assert changed.users["bob"].generation > image.users["bob"].generation
    assert changed.scram["bob", "SCRAM-SHA-512"] != image.scram["bob", "SCRAM-SHA-512"]

    await delete_user(context, ANONYMOUS, "bob")
    assert describe_user(context, ANONYMOUS, "bob") is None
    assert describe_user(context, ANONYMOUS, "alice") == keys_only


async def test_what_is_not_possible_is_refused_without_repeating_a_password(
    context: BrokerContext,
) -> None:
    await create_user(context, ANONYMOUS, "bob", None)
    with pytest.raises(DuplicateResource):
        await create_user(context, ANONYMOUS, "bob", CANARY)
    with pytest.raises(ResourceNotFound):
        await alter_user(context, ANONYMOUS, "nobody", CANARY)
    with pytest.raises(ResourceNotFound):
        await delete_user(context, ANONYMOUS, "nobody")
    for bad in ("short", CANARY + "\x07", CANARY + "\ud800", CANARY * 100):
        with pytest.raises(UnacceptableCredential) as caught:
            await alter_user(context, ANONYMOUS, "bob", bad)
        assert bad not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "x" * 256, " a", "a\n", "a\x1b[0m", "\ud800", "ANONYMOUS", "*", "<default>"]
)
def test_name_that_is_none_or_means_others_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        check_name(name)


async def test_who_may_not_alter_the_cluster_changes_nobody(context: BrokerContext) -> None:
    context = guarded(context, Guards(refused=frozenset({Operation.ALTER, Operation.DESCRIBE})))

    for refused in (
        create_user(context, ANONYMOUS, "bob", None),
        alter_user(context, ANONYMOUS, "bob", CANARY),
        delete_user(context, ANONYMOUS, "bob"),
    ):
        with pytest.raises(ClusterAuthorizationFailed):
            await refused
    with pytest.raises(ClusterAuthorizationFailed):
        list_users(context, ANONYMOUS)
    with pytest.raises(ClusterAuthorizationFailed):
        describe_user(context, ANONYMOUS, "bob")


async def test_nobody_deletes_itself(context: BrokerContext) -> None:
    for name in ("admin", "other"):
        await create_user(context, ANONYMOUS, name, CANARY)
    credential = Credential(CredentialKind.PASSWORD, "admin", 1)
    admin = Principal("admin", credential=credential)

    with pytest.raises(InvalidRequest, match="cannot delete itself"):
        await delete_user(context, admin, "admin")

    await delete_user(context, admin, "other")
    assert [one.name for one in list_users(context, ANONYMOUS)] == ["admin"]


@pytest.mark.parametrize(
    "narrowed",
    [
        Principal(
            "admin",
            scopes=frozenset({"read", "write", "admin"}),
            credential=Credential(CredentialKind.API_KEY, "k"),
        ),
        Principal("admin", credential=Credential(CredentialKind.DELEGATION_TOKEN, "d")),
    ],
    ids=["scopes", "delegation token"],
)
async def test_less_than_a_whole_login_gives_no_password(
    context: BrokerContext, narrowed: Principal
) -> None:
    await create_user(context, ANONYMOUS, "admin", CANARY)
    before = context.security.image
    given = ScramUpsertion(
        user="admin", mechanism=SCRAM_SHA_256, iterations=4096, salt=b"s" * 16,
        salted_password=b"c" * 32,
    )  # fmt: skip

    with pytest.raises(UserAuthorizationFailed):
        await alter_user(context, narrowed, "admin", "another one")
    with pytest.raises(UserAuthorizationFailed):
        await create_user(context, narrowed, "bob", CANARY)
    with pytest.raises(UserAuthorizationFailed):
        await alter_scram_credentials(context, narrowed, [], [given])

    assert context.security.image is before
    await create_user(context, narrowed, "keys-only", None)
    await delete_user(context, narrowed, "keys-only")
    gone = ScramDeletion(user="admin", mechanism=SCRAM_SHA_256)
    assert await alter_scram_credentials(context, narrowed, [gone], []) == {"admin": None}
