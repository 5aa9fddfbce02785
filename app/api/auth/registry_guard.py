"""Guard of the schema registry, and its witness: they ask and tell in the name of who sent it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from app.api.auth.asking import principal_of
from app.broker.context import BrokerContext
from app.broker.security.registry_access import RegistryAccess
from app.security.acls import Operation
from schema_registry.api.guard import Access


class RegistryGuard:
    """Asks the authorizer, and tells the audit log of refusals and of changes."""

    def __init__(self, context: BrokerContext) -> None:
        """Ask and tell those of this node."""
        self._context = context

    def may(self, scope: Any, access: Access, subject: str | None) -> bool:
        """Return whether whoever sent a request may."""
        return self._of(scope).may(Operation(access.value), subject)

    def note_denied(self, scope: Any, access: Access, subject: str | None) -> None:
        """Write down that whoever sent a request was refused, and by which rule."""
        self._of(scope).note_denied(Operation(access.value), subject)

    def change(
        self, scope: Any, access: Access, subject: str | None, verb: str, items: Sequence[str]
    ) -> AbstractAsyncContextManager[list[str]]:
        """Write down a change that whoever sent a request makes in the block.

        Raises:
            AuditUnavailable: It cannot be written down; the block did not begin.
        """
        return self._of(scope).change(Operation(access.value), subject, verb, items)

    def _of(self, scope: Any) -> RegistryAccess:
        return RegistryAccess(self._context, principal_of(scope))
