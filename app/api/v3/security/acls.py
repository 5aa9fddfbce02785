"""REST v3: access control lists, and why somebody may or may not.

Source: Confluent REST Proxy v3 (``/acls``, ``/acls:batch``); ``acls:explain`` is ours.
"""

from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links
from app.api.errors import ApiError
from app.api.v3.models import ListMetadata
from app.api.v3.responses import errors
from app.api.v3.security.acl_models import (
    AclData,
    AclDataList,
    AclDecisionData,
    AclMetadata,
    AclOperationName,
    CreateAclBatchRequest,
    DeletedAcls,
    ExplainAclRequest,
    PermissionName,
    ResourceTypeName,
    Rule,
)
from app.broker.security.acls import create_acls, delete_acls, describe_acls, explain
from app.security.acls import Acl, Operation, PatternType, Permission, Resource, ResourceType
from app.security.authorizer.filters import AclFilter, PatternFilter
from app.security.principal import Principal

router = APIRouter(tags=["ACL"], responses=errors())
_ACLS = "/v3/clusters/{cluster_id}/acls"
_ANY = "ANY"
_REQUIRED = ("resource_type", "pattern_type", "operation", "permission")


def get_filter(
    resource_type: Annotated[
        Literal["ANY", ResourceTypeName], Query(description="Kind of resource.")
    ] = "ANY",
    resource_name: Annotated[
        str | None, Query(max_length=255, description="The resource's name; any if left out.")
    ] = None,
    pattern_type: Annotated[
        Literal["ANY", "MATCH", "LITERAL", "PREFIXED"],
        Query(description="How `resource_name` is read; `MATCH`: every ACL that speaks of it."),
    ] = "ANY",
    principal: Annotated[
        str | None, Query(max_length=255, description="As `User:alice`; any if left out.")
    ] = None,
    host: Annotated[
        str | None, Query(max_length=255, description="As it is written; any if left out.")
    ] = None,
    operation: Annotated[
        Literal["ANY", AclOperationName], Query(description="As it is written.")
    ] = "ANY",
    permission: Annotated[Literal["ANY", PermissionName], Query(description="What it says.")] = (
        "ANY"
    ),
) -> AclFilter:
    """Return the filter that a request's query says."""
    return AclFilter(
        resource_type=None if resource_type == _ANY else ResourceType(resource_type),
        pattern_type=PatternFilter(pattern_type),
        resource_name=resource_name,
        principal=principal,
        host=host,
        operation=None if operation == _ANY else Operation(operation),
        permission=None if permission == _ANY else Permission(permission),
    )


def get_given(request: Request) -> frozenset[str]:
    """Return the names of the parameters that a request's query has."""
    return frozenset(request.query_params)


Wanted = Annotated[AclFilter, Depends(get_filter)]
Given = Annotated[frozenset[str], Depends(get_given)]


@router.get(_ACLS, operation_id="getKafkaAcls")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, links: Linking, wanted: Wanted
) -> AclDataList:
    """List the ACLs that the query means; all of them if it says nothing."""
    found = describe_acls(context, asking, wanted)
    return AclDataList(
        metadata=ListMetadata(self=links.url("acls"), next=None),
        data=[_data(links, cluster, acl) for acl in found],
    )


@router.post(
    _ACLS,
    operation_id="createKafkaAcls",
    status_code=201,
    response_class=Response,
    responses=errors(415, 422),
)
async def create(
    context: Context,
    asking: Asking,
    _cluster: Cluster,
    links: Linking,
    wanted: Rule,
) -> Response:
    """Create an ACL; one that is there already stays."""
    acl = _acl(wanted)
    await create_acls(context, asking, [acl])
    return Response(status_code=201, headers={"Location": _link(links, acl)})


@router.post(
    f"{_ACLS}:batch",
    operation_id="batchCreateKafkaAcls",
    status_code=201,
    response_class=Response,
    responses=errors(415, 422),
)
async def create_batch(
    context: Context, asking: Asking, _cluster: Cluster, wanted: CreateAclBatchRequest
) -> Response:
    """Create ACLs, all or none."""
    await create_acls(context, asking, [_acl(one) for one in wanted.data])
    return Response(status_code=201)


@router.delete(_ACLS, operation_id="deleteKafkaAcls")
async def delete(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    wanted: Wanted,
    given: Given,
) -> DeletedAcls:
    """Delete the ACLs that the query means; it names kind, pattern, operation and permission."""
    missing = [name for name in _REQUIRED if name not in given]
    if missing:
        raise ApiError(400, 400, f"Bad Request: query parameter {missing[0]} must be given")
    (deleted,) = await delete_acls(context, asking, [wanted])
    return DeletedAcls(data=[_data(links, cluster, acl) for acl in deleted])


@router.post(f"{_ACLS}:explain", operation_id="explainKafkaAcls", responses=errors(415, 422))
async def explain_decision(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    wanted: ExplainAclRequest,
) -> AclDecisionData:
    """Say whether a principal may, and which rule decides."""
    kind, separator, name = wanted.principal.partition(":")
    if not separator or not kind or not name:
        raise ApiError(422, 422, "principal: write it as principalType:principalName")
    subject = Principal(name, kind, host=wanted.host)
    if wanted.scopes is not None:
        subject = replace(subject, scopes=frozenset(wanted.scopes))
    resource = Resource(ResourceType(wanted.resource_type), wanted.resource_name)
    decision = explain(context, asking, subject, Operation(wanted.operation), resource)
    return AclDecisionData.model_validate(
        {
            "is_allowed": decision.is_allowed,
            "ground": decision.ground.name,
            "message": decision.ground.value,
            "acl": None if decision.acl is None else _data(links, cluster, decision.acl),
        }
    )


def _acl(given: Rule) -> Acl:
    return Acl(
        ResourceType(given.resource_type),
        PatternType(given.pattern_type),
        given.resource_name,
        given.principal,
        given.host,
        Operation(given.operation),
        Permission(given.permission),
    )


def _data(links: Links, cluster: str, acl: Acl) -> AclData:
    return AclData.model_validate(
        {"metadata": AclMetadata(self=_link(links, acl)), "cluster_id": cluster, **_fields(acl)}
    )


def _fields(acl: Acl) -> dict[str, str]:
    return {
        "resource_type": acl.resource_type.value,
        "resource_name": acl.resource_name,
        "pattern_type": acl.pattern_type.value,
        "principal": acl.principal,
        "host": acl.host,
        "operation": acl.operation.value,
        "permission": acl.permission.value,
    }


def _link(links: Links, acl: Acl) -> str:
    return f"{links.url('acls')}?{urlencode(_fields(acl))}"
