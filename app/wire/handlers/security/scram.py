"""DescribeUserScramCredentials and AlterUserScramCredentials.

Where the credentials of one user are refused those of others are changed all the same.
Source: KIP-554.
"""

from app.broker.errors import BrokerError
from app.broker.security.scram_credentials import (
    ScramDeletion,
    ScramUpsertion,
    alter_scram_credentials,
    describe_scram_credentials,
)
from app.security.logins.scram_keys import SCRAM_SHA_256, SCRAM_SHA_512
from app.wire.call import Call
from app.wire.messages.scram import (
    AlteredScramResult,
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
    CredentialInfo,
    DescribedScramResult,
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
)
from app.wire.registry import serve

MECHANISMS = {1: SCRAM_SHA_256, 2: SCRAM_SHA_512}
"""Kafka's numbers of them (``ScramMechanism``)."""

_NUMBERS = {name: number for number, name in MECHANISMS.items()}


def describe_user_scram_credentials(
    call: Call, request: DescribeUserScramCredentialsRequest
) -> DescribeUserScramCredentialsResponse:
    """Tell which users have which credentials."""
    response = DescribeUserScramCredentialsResponse(error_message=None)
    names = [one.name for one in request.users or ()]
    try:
        found = describe_scram_credentials(call.broker, call.principal, names)
    except BrokerError as error:
        response.error_code, response.error_message = error.code, str(error)
        return response
    response.results = [_described(name, one) for name, one in found.items()]
    return response


def _described(name: str, found: dict[str, int] | BrokerError) -> DescribedScramResult:
    if isinstance(found, BrokerError):
        return DescribedScramResult(user=name, error_code=found.code, error_message=str(found))
    return DescribedScramResult(
        user=name,
        error_message=None,
        credential_infos=[
            CredentialInfo(mechanism=_NUMBERS[mechanism], iterations=iterations)
            for mechanism, iterations in sorted(found.items())
        ],
    )


async def alter_user_scram_credentials(
    call: Call, request: AlterUserScramCredentialsRequest
) -> AlterUserScramCredentialsResponse:
    """Put and delete credentials."""
    deletions = [
        ScramDeletion(user=one.name, mechanism=MECHANISMS.get(one.mechanism))
        for one in request.deletions
    ]
    upsertions = [
        ScramUpsertion(
            user=one.name,
            mechanism=MECHANISMS.get(one.mechanism),
            iterations=one.iterations,
            salt=bytes(one.salt),
            salted_password=bytes(one.salted_password),
        )
        for one in request.upsertions
    ]
    results: dict[str, BrokerError | None]
    try:
        results = await alter_scram_credentials(call.broker, call.principal, deletions, upsertions)
    except BrokerError as error:
        users = [one.user for one in deletions] + [one.user for one in upsertions]
        results = dict.fromkeys(users, error)
    return AlterUserScramCredentialsResponse(
        results=[
            AlteredScramResult(
                user=user,
                error_code=0 if error is None else error.code,
                error_message=None if error is None else str(error),
            )
            for user, error in results.items()
        ]
    )


SERVED = (
    serve(DescribeUserScramCredentialsRequest, describe_user_scram_credentials),
    serve(AlterUserScramCredentialsRequest, alter_user_scram_credentials),
)
