"""Verbs on SCRAM credentials: what is put can be proved, and what was there before is not."""

from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    ClusterAuthorizationFailed,
    DuplicateResource,
    InvalidRequest,
    ResourceNotFound,
    UnacceptableCredential,
    UnsupportedSaslMechanism,
)
from app.broker.security.scram_credentials import (
    CHANGES_MAX,
    ScramDeletion,
    ScramUpsertion,
    alter_scram_credentials,
    describe_scram_credentials,
)
from app.broker.security.users import create_user
from app.security.acls import Operation
from app.security.logins.scram_keys import SCRAM_SHA_256, SCRAM_SHA_512, record_of_salted
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded

SALT = b"sixteen bytes ok"
GOOD = ScramUpsertion(
    user="bob", mechanism=SCRAM_SHA_256, iterations=4096, salt=SALT, salted_password=b"c" * 32
)
GONE = ScramDeletion(user="bob", mechanism=SCRAM_SHA_256)


async def altered(
    context: BrokerContext, *changes: ScramDeletion | ScramUpsertion
) -> dict[str, BrokerError | None]:
    return await alter_scram_credentials(
        context,
        ANONYMOUS,
        [one for one in changes if isinstance(one, ScramDeletion)],
        [one for one in changes if isinstance(one, ScramUpsertion)],
    )


async def test_credential_is_put_for_a_new_user_changed_and_deleted(
    context: BrokerContext,
) -> None:
    assert await altered(context, GOOD) == {"bob": None}
    assert describe_scram_credentials(context, ANONYMOUS, []) == {"bob": {SCRAM_SHA_256: 4096}}
    image = context.security.image
    assert image is not None
    assert image.scram["bob", SCRAM_SHA_256] == record_of_salted(
        "bob", SCRAM_SHA_256, b"c" * 32, salt=SALT, iterations=4096
    )
    other = replace(GOOD, mechanism=SCRAM_SHA_512, salted_password=b"d" * 64, iterations=5000)

    assert await altered(context, GONE, other) == {"bob": None}
    assert describe_scram_credentials(context, ANONYMOUS, ["bob"]) == {"bob": {SCRAM_SHA_512: 5000}}


async def test_password_goes_with_a_credential_that_is_put_and_logins_end(
    context: BrokerContext,
) -> None:
    await create_user(context, ANONYMOUS, "bob", "correct horse")
    before = context.security.image

    assert await altered(context, GOOD) == {"bob": None}

    after = context.security.image
    assert before is not None
    assert after is not None
    assert after.users["bob"].password_hash is None
    assert after.users["bob"].generation > before.users["bob"].generation
    assert after.scram["bob", SCRAM_SHA_512] == before.scram["bob", SCRAM_SHA_512]


async def test_deletion_leaves_the_password(context: BrokerContext) -> None:
    await create_user(context, ANONYMOUS, "bob", "correct horse")

    assert await altered(context, GONE) == {"bob": None}

    image = context.security.image
    assert image is not None
    assert image.users["bob"].password_hash is not None


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ([replace(GOOD, iterations=4095)], UnacceptableCredential),
        ([replace(GOOD, iterations=16_385)], UnacceptableCredential),
        ([replace(GOOD, salt=b"seven b")], UnacceptableCredential),
        ([replace(GOOD, salt=b"s" * 1025)], UnacceptableCredential),
        ([replace(GOOD, salted_password=b"c" * 64)], UnacceptableCredential),
        ([replace(GOOD, user="")], UnacceptableCredential),
        ([replace(GOOD, user="ANONYMOUS")], UnacceptableCredential),
        ([replace(GOOD, mechanism=None)], UnsupportedSaslMechanism),
        ([replace(GONE, mechanism=None)], UnsupportedSaslMechanism),
        ([GOOD, GOOD], DuplicateResource),
        ([GOOD, GONE], DuplicateResource),
        ([GONE], ResourceNotFound),
        (
            [GONE, replace(GOOD, mechanism=SCRAM_SHA_512, salted_password=b"d" * 64)],
            ResourceNotFound,
        ),
    ],
)
async def test_wrong_change_changes_nothing_of_its_user_and_others_are_changed(
    context: BrokerContext,
    wrong: list[ScramDeletion | ScramUpsertion],
    refusal: type[BrokerError],
) -> None:
    results = await altered(context, *wrong, replace(GOOD, user="alice"))

    assert results.pop("alice") is None
    (refused,) = results.values()
    assert isinstance(refused, refusal)
    assert [*describe_scram_credentials(context, ANONYMOUS, [])] == ["alice"]
    assert "salted_password" not in repr(wrong)


async def test_too_many_changes_are_refused(context: BrokerContext) -> None:
    with pytest.raises(InvalidRequest):
        await altered(context, *[GOOD] * (CHANGES_MAX + 1))


async def test_description_says_who_is_not_there_and_who_is_asked_for_twice(
    context: BrokerContext,
) -> None:
    await altered(context, GOOD)

    found = describe_scram_credentials(context, ANONYMOUS, ["bob", "bob", "nobody"])

    assert isinstance(found["bob"], DuplicateResource)
    assert isinstance(found["nobody"], ResourceNotFound)


async def test_they_need_describe_and_alter_of_the_cluster(context: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.ALTER, Operation.DESCRIBE}))
    asked = guarded(context, guards)

    with pytest.raises(ClusterAuthorizationFailed):
        describe_scram_credentials(asked, ANONYMOUS, [])
    with pytest.raises(ClusterAuthorizationFailed):
        await altered(asked, GOOD)
    assert [one for one, _ in guards.asked] == [Operation.DESCRIBE, Operation.ALTER]
