"""An audit that is off: it wants nothing and keeps nobody waiting."""

from app.security.audit.audit import NoAudit
from app.security.audit.event import AuditEvent, Category

EVENT = AuditEvent(category=Category.ADMIN, kind="request", method="CreateUser")


async def test_no_audit_wants_nothing_and_takes_everything() -> None:
    audit = NoAudit()

    audit.note(EVENT)
    await audit.keep(EVENT)

    assert not any(audit.wants(category) for category in Category)
