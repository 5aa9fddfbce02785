"""The bodies of REST v3's quotas; Confluent has none, so the names are ours."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.v3.models import ListMetadata

EntityName = Annotated[str, Field(min_length=1, max_length=255)]
Value = Annotated[
    float, Field(ge=0, le=2**63, allow_inf_nan=False, json_schema_extra={"format": "double"})
]
Key = Annotated[str, Field(max_length=64)]


class QuotaMetadata(BaseModel):
    """Where a quota is found."""

    self: str


class QuotaData(BaseModel):
    """The limits of one entity; a part that is null is not given."""

    kind: Literal["CauceQuota"] = "CauceQuota"
    metadata: QuotaMetadata
    cluster_id: str
    user: str | None
    client_id: str | None
    ip: str | None
    values: dict[str, float]


class QuotaDataList(BaseModel):
    """All quotas that were asked for."""

    kind: Literal["CauceQuotaList"] = "CauceQuotaList"
    metadata: ListMetadata
    data: list[QuotaData]


class QuotaAlteration(BaseModel):
    """What is to be set for one entity; a value of null removes its key."""

    model_config = ConfigDict(extra="forbid", strict=True)

    user: EntityName | None = None
    client_id: EntityName | None = None
    ip: EntityName | None = None
    values: Annotated[dict[Key, Value | None], Field(min_length=1, max_length=8)]


class AlterQuotasRequest(BaseModel):
    """Alterations, all or none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    data: Annotated[list[QuotaAlteration], Field(min_length=1, max_length=1000)]
    validate_only: bool = False
