"""Changes by verbs of the broker, in the audit log.

Called by: the verbs that change. Calls: audit.changes.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.broker.context import BrokerContext
from app.broker.errors import AuditUnavailable, BrokerError
from app.security.acls import Operation, Resource
from app.security.audit.audit import AuditUnwritable
from app.security.audit.changes import NOTHING_CHANGED, UNKNOWN, written_down
from app.security.principal import Principal


@asynccontextmanager
async def audited_change(
    context: BrokerContext,
    method: str,
    principal: Principal,
    operation: Operation | None,
    resource: Resource,
    *,
    items: Iterable[str] = (),
) -> AsyncIterator[None]:
    """Write down a change that the block makes.

    Args:
        context: The broker.
        method: The verb, in Kafka's words.
        principal: Who makes it; may, as was asked before.
        operation: What it was asked for; None if nothing was, as of what is one's own.
        resource: What that was asked of.
        items: Names of what is changed, without values.

    Raises:
        AuditUnavailable: It cannot be written down; the block did not begin.
    """
    change = written_down(
        *(context.audit, method, principal, resource),
        operation=operation,
        decide=None
        if operation is None
        else lambda: context.authorizer.explain(principal, operation, resource),
        items=items,
        name_of=_name_of,
    )
    with translating_audit_errors():
        async with change:
            yield


@contextmanager
def translating_audit_errors() -> Iterator[None]:
    """Refuse what the audit log cannot be told of.

    Raises:
        AuditUnavailable: It cannot be written.
    """
    try:
        yield
    except AuditUnwritable as error:
        raise AuditUnavailable(NOTHING_CHANGED) from error


def _name_of(error: Exception) -> str:
    return error.name if isinstance(error, BrokerError) else UNKNOWN
