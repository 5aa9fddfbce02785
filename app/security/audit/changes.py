"""Changes that the audit log has to know: each is written down before it is made, and how it ended.

That somebody may make a change, and by which rule, is on disk before anything is changed; where it
cannot be written nothing is. That it succeeded is on disk before the client is told. So no change
is without a trace, whenever the node ends: at worst the trace does not say how it went.
Called by: the verbs that change, grants. Calls: the audit log.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from app.security.acls import Decision, Operation, Resource
from app.security.audit.audit import Audit, AuditUnwritable
from app.security.audit.event import ITEMS_MAX, Category
from app.security.audit.kinds import allowed, ended
from app.security.principal import Principal

UNKNOWN = "UNKNOWN_SERVER_ERROR"
CANCELLED = "it was given up; whether it was made is not known"

NOTHING_CHANGED = "The audit log cannot be written, so nothing was changed: ask the operator"
"""What is said to whoever wanted a change."""


def unnamed(_: Exception) -> str:
    """Name no error."""
    return UNKNOWN


@asynccontextmanager
async def written_down(
    audit: Audit,
    method: str,
    principal: Principal,
    resource: Resource,
    *,
    operation: Operation | None = None,
    decide: Callable[[], Decision] | None = None,
    items: Iterable[str] = (),
    name_of: Callable[[Exception], str] = unnamed,
) -> AsyncIterator[list[str]]:
    """Write down a change that the block makes.

    What it is given takes names that only making the change tells, for the event of its end.

    Args:
        audit: Where to.
        method: The verb, in Kafka's words.
        principal: Who makes it; may, as was asked before.
        resource: What it is about.
        operation: What was asked of the authorizer for it; None if nothing was.
        decide: Returns what allowed it; asked only where it is written down.
        items: Names of what is changed, without values.
        name_of: Names what the block raised.

    Raises:
        AuditUnwritable: It cannot be written down; the block did not begin.
    """
    made: list[str] = []
    if not audit.wants(Category.ADMIN):
        yield made
        return
    request_id = uuid.uuid4().hex
    decision = None if decide is None else decide()
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
    await asyncio.gather(*begun)
    error_name = UNKNOWN
    try:
        yield made
        error_name = ""
    except asyncio.CancelledError:
        error_name = CANCELLED
        raise
    except Exception as error:  # whatever it was: it is named, and goes on
        error_name = name_of(error)
        raise
    finally:
        event = ended(
            *(method, principal, resource),
            request_id=request_id,
            error=error_name,
            items=tuple(made),
        )
        if error_name:
            audit.note(event)
        else:
            with suppress(AuditUnwritable):  # it is made, and its first trace is on disk
                await audit.keep(event)
