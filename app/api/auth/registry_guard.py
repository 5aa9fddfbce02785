"""Guard of the schema registry: its questions in the words of access control lists.

A subject is a resource of its own kind; settings of all subjects are the cluster's. What is refused
stands in the audit log, with the rule that decided, as what the verbs of the broker refuse does.
"""

from typing import Any

from app.api.auth.asking import principal_of
from app.broker.context import BrokerContext
from app.security.acls import CLUSTER, Operation, Resource, subject
from schema_registry.api.guard import Access


class RegistryGuard:
    """Asks the authorizer, and tells the audit log."""

    def __init__(self, context: BrokerContext) -> None:
        """Ask and tell those of this node."""
        self._context = context

    def may(self, scope: Any, access: Access, name: str | None) -> bool:
        """Return whether whoever sent a request may."""
        authorize = self._context.authorizer.authorize
        return authorize(principal_of(scope), Operation(access.value), _resource(name))

    def note_denied(self, scope: Any, access: Access, name: str | None) -> None:
        """Write down that whoever sent a request was refused."""
        self._context.note_denied(principal_of(scope), Operation(access.value), _resource(name))


def _resource(name: str | None) -> Resource:
    return CLUSTER if name is None else subject(name)
