"""Verbs on access control lists: describe, create, delete, explain.

To see them takes DESCRIBE on the cluster, to change them ALTER; and who may see them may have a
decision explained, their own or another's. Changes are made all or none, and hold on this node when
the verb returns; on other nodes they hold when these have read them, about a second later.
Source: ``kafka.server.AclApis``; ``AclControlManager.validateNewAcl``; KIP-140, KIP-290.
"""

import re
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager

from app.broker.context import BrokerContext
from app.broker.errors import InvalidRequest, PolicyViolation
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import audited_change
from app.security.acls import (
    CLUSTER,
    Acl,
    Decision,
    Operation,
    PatternType,
    Resource,
    ResourceType,
)
from app.security.authorizer.filters import AclFilter
from app.security.authorizer.hosts import is_host
from app.security.image import record_of
from app.security.principal import Principal

ACLS_MAX = 100_000
"""Of the cluster; each node holds them all in memory."""

ACLS_PER_REQUEST_MAX = 10_000
"""Kafka's bound on what one request may change (``MAX_RECORDS_PER_USER_OP``)."""

NAME_CHARS_MAX = 255
PRINCIPAL_CHARS_MAX = 255
_PRINCIPAL = re.compile(r"[A-Za-z][A-Za-z0-9]*:.+", re.DOTALL)


def describe_acls(context: BrokerContext, principal: Principal, wanted: AclFilter) -> list[Acl]:
    """Return the access control lists that a filter means, in a steady order.

    Raises:
        ClusterAuthorizationFailed: The principal may not DESCRIBE the cluster.
    """
    context.require_cluster(principal, Operation.DESCRIBE)
    return sorted(filter(wanted.means, _known(context)), key=_order)


async def create_acls(context: BrokerContext, principal: Principal, acls: Collection[Acl]) -> None:
    """Create access control lists, all or none; one that is there already stays as it is.

    Raises:
        ClusterAuthorizationFailed: The principal may not ALTER the cluster.
        InvalidRequest: One of them is not possible; nothing was created.
        PolicyViolation: They would be too many.
        BrokerError: The database cannot be asked.
    """
    context.require_cluster(principal, Operation.ALTER)
    for acl in acls:
        check_acl(acl)
    _check_request(len(acls))
    known = _known(context)
    added = set(acls) - known
    if len(known) + len(added) > ACLS_MAX:
        raise PolicyViolation(f"The cluster would have more than {ACLS_MAX} ACLs")
    if added:
        async with _audited(context, "CreateAcls", principal, added):
            with translating_catalog_errors():
                await context.security.catalog.create_acls([record_of(acl) for acl in added])
                await context.security.refresh()


async def delete_acls(
    context: BrokerContext, principal: Principal, filters: Sequence[AclFilter]
) -> list[list[Acl]]:
    """Delete the access control lists that filters mean.

    Returns:
        What each filter meant, in their order; one that two mean is in both.

    Raises:
        ClusterAuthorizationFailed: The principal may not ALTER the cluster.
        BrokerError: The database cannot be asked; nothing was deleted.
    """
    context.require_cluster(principal, Operation.ALTER)
    _check_request(len(filters))
    with translating_catalog_errors():
        await context.security.refresh()  # what another node has just added is meant as well
        known = _known(context)
        found = [sorted(filter(one.means, known), key=_order) for one in filters]
        meant = {acl for acls in found for acl in acls}
        if meant:
            async with _audited(context, "DeleteAcls", principal, meant):
                await context.security.catalog.delete_acls([record_of(acl) for acl in meant])
                await context.security.refresh()
    return found


def explain(
    context: BrokerContext,
    principal: Principal,
    subject: Principal,
    operation: Operation,
    resource: Resource,
) -> Decision:
    """Return whether a subject may, and the rule that decides.

    Raises:
        ClusterAuthorizationFailed: The principal, who asks, may not DESCRIBE the cluster.
        InvalidRequest: The question makes no sense.
    """
    context.require_cluster(principal, Operation.DESCRIBE)
    if operation is Operation.ALL:
        raise InvalidRequest("Ask for one operation; ALL is only said by ACLs")
    if not resource.name:
        raise InvalidRequest("Invalid empty resource name")
    return context.authorizer.explain(subject, operation, resource)


def check_acl(acl: Acl) -> None:
    """Refuse an access control list that Kafka would refuse, or whose host nobody could have.

    Raises:
        InvalidRequest: With the rule that it breaks.
    """
    name = acl.resource_name
    if not name:
        raise InvalidRequest("Invalid empty resource name")
    if len(name) > NAME_CHARS_MAX:
        raise InvalidRequest(f"A resource name has at most {NAME_CHARS_MAX} characters")
    if acl.resource_type is ResourceType.CLUSTER and (
        name != CLUSTER.name or acl.pattern_type is not PatternType.LITERAL
    ):
        raise InvalidRequest(f"The only valid name for the CLUSTER resource is {CLUSTER.name}")
    if len(acl.principal) > PRINCIPAL_CHARS_MAX or not _PRINCIPAL.fullmatch(acl.principal):
        raise InvalidRequest("A principal is written as principalType:principalName")
    if not is_host(acl.host):
        raise InvalidRequest("A host is an address, a network as 10.0.0.0/8, or *")
    for text in (name, acl.principal):
        if not text.isprintable():
            raise InvalidRequest("Names and principals hold no control characters")


def _audited(
    context: BrokerContext, method: str, principal: Principal, acls: Collection[Acl]
) -> AbstractAsyncContextManager[None]:
    named = (" ".join(_order(acl)) for acl in sorted(acls, key=_order))
    return audited_change(context, method, principal, Operation.ALTER, CLUSTER, items=named)


def _known(context: BrokerContext) -> frozenset[Acl]:
    image = context.security.image
    return frozenset() if image is None else image.acls


def _check_request(count: int) -> None:
    if count > ACLS_PER_REQUEST_MAX:
        raise InvalidRequest(f"More than {ACLS_PER_REQUEST_MAX} ACLs in one request")


def _order(acl: Acl) -> tuple[str, ...]:
    return (
        acl.resource_type.value,
        acl.resource_name,
        acl.pattern_type.value,
        acl.principal,
        acl.host,
        acl.operation.value,
        acl.permission.value,
    )
