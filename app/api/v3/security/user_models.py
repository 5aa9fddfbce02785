"""The bodies of REST v3's users and API keys; Confluent has none, so the names are ours."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.api.v3.models import Int64, ListMetadata

Name = Annotated[str, Field(min_length=1, max_length=255)]
Password = Annotated[SecretStr, Field(json_schema_extra={"minLength": 8, "maxLength": 1024})]
"""How long it has to be, the verb says in words of a password."""

Scope = Literal["read", "write", "admin"]
Time = Annotated[int, Field(json_schema_extra={"format": "int64"}, ge=0, le=2**53)]


class SelfMetadata(BaseModel):
    """Where it is found."""

    self: str


class UserData(BaseModel):
    """A user, without what it logs in with."""

    kind: Literal["CauceUser"] = "CauceUser"
    metadata: SelfMetadata
    cluster_id: str
    name: str
    has_password: bool
    scram_mechanisms: list[str]
    created_at_ms: Int64


class UserDataList(BaseModel):
    """All users."""

    kind: Literal["CauceUserList"] = "CauceUserList"
    metadata: ListMetadata
    data: list[UserData]


class CreateUserRequest(BaseModel):
    """A user to be made; without a password it logs in with API keys alone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    password: Password | None = None


class AlterUserRequest(BaseModel):
    """A user's new password."""

    model_config = ConfigDict(extra="forbid", strict=True)

    password: Password


class ApiKeyData(BaseModel):
    """An API key, without its secret."""

    kind: Literal["CauceApiKey"] = "CauceApiKey"
    metadata: SelfMetadata
    cluster_id: str
    key_id: str
    user: str
    scopes: list[Scope] | None
    description: str
    created_at_ms: Int64
    expires_at_ms: Int64 | None
    last_used_at_ms: Int64 | None


class NewApiKeyData(ApiKeyData):
    """An API key as it is made; the key is never shown again."""

    key: str = Field(repr=False)


class ApiKeyDataList(BaseModel):
    """The API keys that the asking party may see."""

    kind: Literal["CauceApiKeyList"] = "CauceApiKeyList"
    metadata: ListMetadata
    data: list[ApiKeyData]


class CreateApiKeyRequest(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    user: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] | None = None
    description: Annotated[str, Field(max_length=255)] = ""
    expires_at_ms: Time | None = None
