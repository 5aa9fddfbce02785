"""Changes that the audit log has to know: each is written down before it is made, and how it ended.

That somebody may make a change, and by which rule, is on disk before anything is changed; where it
cannot be written nothing is. That it succeeded is on disk before the client is told. So no change
is without a trace, whenever the node ends: at worst the trace does not say how it went.
Called by: the verbs that change. Calls: the audit log.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from app.broker.context import BrokerContext
from app.broker.errors import AuditUnavailable, BrokerError
from app.security.acls import Operation, Resource
from app.security.audit.audit import AuditUnwritable
from app.security.audit.event import ITEMS_MAX, Category
from app.security.audit.kinds import allowed, ended
from app.security.principal import Principal

UNKNOWN = "UNKNOWN_SERVER_ERROR"
CANCELLED = "it was given up; whether it was made is not known"


@asynccontextmanager
async def audited_change(
    context: BrokerContext,
    method: str,
    principal: Principal,
    operation: Operation,
    resource: Resource,
    *,
    items: Iterable[str] = (),
) -> AsyncIterator[None]:
    """Write down a change that the block makes.

    Args:
        context: The broker.
        method: The verb, in Kafka's words.
        principal: Who makes it; may, as was asked before.
        operation: What it was asked for.
        resource: What that was asked of.
        items: Names of what is changed, without values.

    Raises:
        AuditUnavailable: It cannot be written down; the block did not begin.
    """
    audit = context.audit
    if not audit.wants(Category.ADMIN):
        yield
        return
    request_id = uuid.uuid4().hex
    decision = context.authorizer.explain(principal, operation, resource)
    names = tuple(items)
    parts = [names[at : at + ITEMS_MAX] for at in range(0, len(names), ITEMS_MAX)] or [()]
    begun = [
        audit.keep(
            allowed(
                *(Category.ADMIN, method, principal, operation, resource, decision),
                request_id=request_id,
                items=part,
            )
        )
        for part in parts
    ]
    try:
        await asyncio.gather(*begun)
    except AuditUnwritable as error:
        raise AuditUnavailable(
            "The audit log cannot be written, so nothing was changed: ask the operator"
        ) from error
    error_name = UNKNOWN
    try:
        yield
        error_name = ""
    except BrokerError as error:
        error_name = error.name
        raise
    except asyncio.CancelledError:
        error_name = CANCELLED
        raise
    finally:
        event = ended(method, principal, resource, request_id=request_id, error=error_name)
        if error_name:
            audit.note(event)
        else:
            with suppress(AuditUnwritable):  # it is made, and its first trace is on disk
                await audit.keep(event)
