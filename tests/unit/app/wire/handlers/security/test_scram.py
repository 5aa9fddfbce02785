"""DescribeUserScramCredentials and AlterUserScramCredentials, through their bytes."""

from dataclasses import replace

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.wire.messages.scram import (
    AlteredScramResult,
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
    CredentialInfo,
    DescribedScramResult,
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
    UserName,
)
from tests.support.broker import Guards, guarded
from tests.support.wire_calls import ask

GOOD = ScramCredentialUpsertion(
    name="bob", mechanism=2, iterations=4096, salt=b"s" * 16, salted_password=b"c" * 64
)


async def altered(
    broker: BrokerContext, *changes: ScramCredentialUpsertion | ScramCredentialDeletion
) -> list[AlteredScramResult]:
    request = AlterUserScramCredentialsRequest(
        deletions=[one for one in changes if isinstance(one, ScramCredentialDeletion)],
        upsertions=[one for one in changes if isinstance(one, ScramCredentialUpsertion)],
    )
    return (await ask(broker, request, AlterUserScramCredentialsResponse, 0)).results


async def described(broker: BrokerContext, *names: str) -> DescribeUserScramCredentialsResponse:
    users = [UserName(name=one) for one in names] or None
    request = DescribeUserScramCredentialsRequest(users=users)
    return await ask(broker, request, DescribeUserScramCredentialsResponse, 0)


async def test_what_is_put_is_described_until_it_is_deleted(broker: BrokerContext) -> None:
    assert await altered(broker, GOOD) == [AlteredScramResult(user="bob", error_message=None)]

    found = [
        DescribedScramResult(
            user="bob",
            error_message=None,
            credential_infos=[CredentialInfo(mechanism=2, iterations=4096)],
        )
    ]
    assert (await described(broker)).results == (await described(broker, "bob")).results == found
    (gone,) = await altered(broker, ScramCredentialDeletion(name="bob", mechanism=2))
    assert gone.error_code == 0
    (nobody,) = (await described(broker, "bob")).results
    assert (nobody.user, nobody.error_code, nobody.credential_infos) == ("bob", 91, [])


async def test_what_is_wrong_is_told_of_its_user_alone(broker: BrokerContext) -> None:
    results = await altered(
        broker,
        replace(GOOD, name="alice", mechanism=3),
        replace(GOOD, name="carol", iterations=1),
        GOOD,
    )

    assert [(one.user, one.error_code) for one in results] == [
        ("alice", 33),
        ("carol", 93),
        ("bob", 0),
    ]


async def test_who_may_not_is_told_so(broker: BrokerContext) -> None:
    refused = guarded(broker, Guards(refused=frozenset({Operation.ALTER, Operation.DESCRIBE})))

    assert [one.error_code for one in await altered(refused, GOOD)] == [31]
    response = await described(refused)
    assert (response.error_code, response.results) == (31, [])
