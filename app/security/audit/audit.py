"""Audit: what everybody who has something to write down is given.

Called by: the authenticator, the verbs, the doors' logins. Made by: the wiring.
"""

from typing import Protocol

from app.security.audit.event import AuditEvent, Category


class AuditUnwritable(Exception):
    """The audit log cannot be written at the moment."""


class Audit(Protocol):
    """Writes events down."""

    def wants(self, category: Category) -> bool:
        """Return whether events of the category are written; the others need not be made."""
        ...

    def note(self, event: AuditEvent) -> None:
        """Write an event soon; it is counted as lost where that cannot be. Never waits or raises.

        What is not wanted is not written.
        """
        ...

    async def keep(self, event: AuditEvent) -> None:
        """Return when an event is on disk; at once where it is not wanted.

        Raises:
            AuditUnwritable: It is not.
        """
        ...


class NoAudit:
    """Writes nothing."""

    def wants(self, category: Category) -> bool:
        """Return False."""
        del category
        return False

    def note(self, event: AuditEvent) -> None:
        """Do nothing."""

    async def keep(self, event: AuditEvent) -> None:
        """Do nothing."""
