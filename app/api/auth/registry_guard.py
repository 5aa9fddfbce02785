"""Guard of the schema registry: its questions in the words of access control lists.

A subject is a resource of its own kind; settings of all subjects are the cluster's.
"""

from typing import Any

from app.api.auth.asking import principal_of
from app.security.acls import CLUSTER, Authorizer, Operation, subject
from schema_registry.api.guard import Access


class RegistryGuard:
    """Asks the authorizer."""

    def __init__(self, authorizer: Authorizer) -> None:
        """Ask this one."""
        self._authorizer = authorizer

    def may(self, scope: Any, access: Access, name: str | None) -> bool:
        """Return whether whoever sent a request may."""
        resource = CLUSTER if name is None else subject(name)
        return self._authorizer.authorize(principal_of(scope), Operation(access.value), resource)
