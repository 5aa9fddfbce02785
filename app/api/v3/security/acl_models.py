"""The bodies of REST v3's ACLs, as Confluent names them, and of the explanations, which are ours.

Source: Confluent REST Proxy v3, its OpenAPI document (field names only).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.v3.models import ListMetadata

ResourceTypeName = Literal[
    "TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID", "DELEGATION_TOKEN", "USER", "SUBJECT"
]
OperationName = Literal[
    "READ",
    "WRITE",
    "CREATE",
    "DELETE",
    "ALTER",
    "DESCRIBE",
    "CLUSTER_ACTION",
    "DESCRIBE_CONFIGS",
    "ALTER_CONFIGS",
    "IDEMPOTENT_WRITE",
    "CREATE_TOKENS",
    "DESCRIBE_TOKENS",
]
AclOperationName = Literal["ALL", OperationName]
PatternTypeName = Literal["LITERAL", "PREFIXED"]
PermissionName = Literal["ALLOW", "DENY"]
Text = Annotated[str, Field(max_length=255)]
ACLS_PER_BODY_MAX = 1_000


class Rule(BaseModel):
    """One access control list, as it is given."""

    model_config = ConfigDict(extra="forbid")

    resource_type: ResourceTypeName
    resource_name: Text
    pattern_type: PatternTypeName
    principal: Text
    host: Text
    operation: AclOperationName
    permission: PermissionName


class CreateAclBatchRequest(BaseModel):
    """Access control lists to be created, all or none."""

    model_config = ConfigDict(extra="forbid")

    data: Annotated[list[Rule], Field(max_length=ACLS_PER_BODY_MAX)]


class AclMetadata(BaseModel):
    """Where an access control list is found."""

    self: str


class AclData(BaseModel):
    """One access control list."""

    kind: Literal["KafkaAcl"] = "KafkaAcl"
    metadata: AclMetadata
    cluster_id: str
    resource_type: ResourceTypeName
    resource_name: str
    pattern_type: PatternTypeName
    principal: str
    host: str
    operation: AclOperationName
    permission: PermissionName


class AclDataList(BaseModel):
    """The access control lists that a filter means."""

    kind: Literal["KafkaAclList"] = "KafkaAclList"
    metadata: ListMetadata
    data: list[AclData]


class DeletedAcls(BaseModel):
    """The access control lists that were deleted."""

    data: list[AclData]


class ExplainAclRequest(BaseModel):
    """A question: may that principal, from that host, do this?"""

    model_config = ConfigDict(extra="forbid")

    principal: Text
    host: Text = ""
    operation: OperationName
    resource_type: ResourceTypeName
    resource_name: Text
    scopes: Annotated[list[Literal["read", "write", "admin"]], Field(max_length=3)] | None = None
    """Those of an API key or token; all that the user may if left out."""


class AclDecisionData(BaseModel):
    """What was decided, and the rule that decided it."""

    kind: Literal["KafkaAclDecision"] = "KafkaAclDecision"
    is_allowed: bool
    ground: Literal["OPEN", "NOT_LOADED", "SCOPE", "SUPER_USER", "ACL", "NO_ACL"]
    message: str
    acl: AclData | None
