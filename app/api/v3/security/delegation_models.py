"""The bodies of REST v3's delegation tokens; Confluent has none, so the names are ours."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.v3.models import Int64, ListMetadata
from app.api.v3.security.user_models import SelfMetadata

Party = Annotated[str, Field(min_length=6, max_length=255, pattern=r"^\w+:")]
Period = Annotated[int, Field(json_schema_extra={"format": "int64"}, ge=0, le=2**53)]


class DelegationTokenData(BaseModel):
    """A delegation token, without its secret."""

    kind: Literal["CauceDelegationToken"] = "CauceDelegationToken"
    metadata: SelfMetadata
    cluster_id: str
    token_id: str
    owner: str
    requester: str
    renewers: list[str]
    issued_at_ms: Int64
    expires_at_ms: Int64
    max_at_ms: Int64


class NewDelegationTokenData(DelegationTokenData):
    """A delegation token as it is made; its secret is the password of SCRAM."""

    secret: str = Field(repr=False)
    """Kafka's ``hmac``, in Base64."""


class DelegationTokenDataList(BaseModel):
    """The delegation tokens that the asking party may see."""

    kind: Literal["CauceDelegationTokenList"] = "CauceDelegationTokenList"
    metadata: ListMetadata
    data: list[DelegationTokenData]


class CreateDelegationTokenBody(BaseModel):
    """A delegation token to be made, of the asking party if there is no owner."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: Party | None = None
    renewers: Annotated[list[Party], Field(max_length=100)] = []
    max_lifetime_ms: Annotated[Period, Field(ge=1)] | None = None


class RenewDelegationTokenBody(BaseModel):
    """For how long it is to stand from now on; the configured time if not said."""

    model_config = ConfigDict(extra="forbid", strict=True)

    period_ms: Period | None = None
