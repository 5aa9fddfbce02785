"""SCRAM credentials of users.

Source: Kafka's protocol guide, "The Messages"; KIP-554.
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32


@struct
class UserName:
    """``users`` of ``DescribeUserScramCredentialsRequest``."""

    name: str = ""


@request(key=50, versions=(0, 0), flexible=0)
class DescribeUserScramCredentialsRequest:
    """Request of DescribeUserScramCredentials."""

    users: list[UserName] | None = field()


@struct
class CredentialInfo:
    """``credential_infos`` of ``DescribedScramResult``."""

    mechanism: Int8 = 0
    iterations: Int32 = 0


@struct
class DescribedScramResult:
    """``results`` of ``DescribeUserScramCredentialsResponse``."""

    user: str = ""
    error_code: Int16 = 0
    error_message: str | None = ""
    credential_infos: list[CredentialInfo] = field()


@response(DescribeUserScramCredentialsRequest)
class DescribeUserScramCredentialsResponse:
    """Response of DescribeUserScramCredentials."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: str | None = ""
    results: list[DescribedScramResult] = field()


@struct
class ScramCredentialDeletion:
    """``deletions`` of ``AlterUserScramCredentialsRequest``."""

    name: str = ""
    mechanism: Int8 = 0


@struct
class ScramCredentialUpsertion:
    """``upsertions`` of ``AlterUserScramCredentialsRequest``."""

    name: str = ""
    mechanism: Int8 = 0
    iterations: Int32 = 0
    salt: bytes = field(is_secret=True)
    salted_password: bytes = field(is_secret=True)


@request(key=51, versions=(0, 0), flexible=0)
class AlterUserScramCredentialsRequest:
    """Request of AlterUserScramCredentials."""

    deletions: list[ScramCredentialDeletion] = field()
    upsertions: list[ScramCredentialUpsertion] = field()


@struct
class AlteredScramResult:
    """``results`` of ``AlterUserScramCredentialsResponse``."""

    user: str = ""
    error_code: Int16 = 0
    error_message: str | None = ""


@response(AlterUserScramCredentialsRequest)
class AlterUserScramCredentialsResponse:
    """Response of AlterUserScramCredentials."""

    throttle_time_ms: Int32 = 0
    results: list[AlteredScramResult] = field()
