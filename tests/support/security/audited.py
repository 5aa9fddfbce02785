"""An audit that keeps what it is told, and fails when told to."""

from collections.abc import Collection
from dataclasses import dataclass, field

from app.security.audit.audit import AuditUnwritable
from app.security.audit.event import AuditEvent, Category


@dataclass
class FakeAudit:
    """Wants some categories."""

    categories: Collection[Category] = frozenset(Category)
    is_failing: bool = False
    noted: list[AuditEvent] = field(default_factory=list)
    kept: list[AuditEvent] = field(default_factory=list)

    def wants(self, category: Category) -> bool:
        return category in self.categories

    def note(self, event: AuditEvent) -> None:
        self.noted.append(event)

    async def keep(self, event: AuditEvent) -> None:
        if self.is_failing:
            raise AuditUnwritable("no room")
        self.kept.append(event)
