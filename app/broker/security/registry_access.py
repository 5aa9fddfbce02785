"""What somebody may do in the schema registry, and what the audit log is told of it.

The registry asks in words of its own; here they are those of access control lists. A subject is a
resource of its own kind; what is of all subjects is the cluster's.
Called by: the guard of the registry's door, the doors that take records with schemas. Calls: the
authorizer, audit.changes.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from app.broker.context import BrokerContext
from app.security.acls import CLUSTER, Operation, Resource, subject
from app.security.audit.audit import AuditUnwritable
from app.security.audit.changes import NOTHING_CHANGED, UNKNOWN, written_down
from app.security.principal import Principal
from schema_registry.errors import AuditUnavailable, RegistryError


class RegistryAccess:
    """One principal's."""

    def __init__(self, context: BrokerContext, principal: Principal) -> None:
        """Answer for a principal.

        Args:
            context: Whose authorizer is asked, and whose audit log is told.
            principal: Who asks.
        """
        self._context = context
        self._principal = principal

    def may(self, operation: Operation, name: str | None) -> bool:
        """Return whether it may do something to a subject, or to all (None)."""
        return self._context.authorizer.authorize(self._principal, operation, _resource(name))

    def note_denied(self, operation: Operation, name: str | None) -> None:
        """Write down that it was refused, and by which rule."""
        self._context.note_denied(self._principal, operation, _resource(name))

    @asynccontextmanager
    async def change(
        self, operation: Operation, name: str | None, verb: str, items: Sequence[str]
    ) -> AsyncIterator[list[str]]:
        """Write down a change that the block makes; names that it adds are told of its end.

        Args:
            operation: What it was asked for.
            name: Of which subject; None for all.
            verb: The registry's, as ``RegisterSchema``.
            items: Names of what is changed, without values.

        Raises:
            AuditUnavailable: It cannot be written down; the block did not begin.
        """
        resource = _resource(name)
        change = written_down(
            *(self._context.audit, verb, self._principal, resource),
            operation=operation,
            decide=lambda: self._context.authorizer.explain(self._principal, operation, resource),
            items=items,
            name_of=_name_of,
        )
        try:
            async with change as made:
                yield made
        except AuditUnwritable as error:
            raise AuditUnavailable(NOTHING_CHANGED) from error


def _resource(name: str | None) -> Resource:
    return CLUSTER if name is None else subject(name)


def _name_of(error: Exception) -> str:
    return type(error).__name__ if isinstance(error, RegistryError) else UNKNOWN
