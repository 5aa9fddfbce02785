"""The kinds of audit events, and what each says.

Pure. Called by: logins, the verbs. Calls: event.
"""

from app.security.acls import Decision, Operation, Resource
from app.security.audit.event import AuditEvent, Category, Result
from app.security.principal import Principal

AUTHENTICATE = "Authentication"
ISSUE_TOKEN = "IssueToken"  # noqa: S105 - the name of a method

DATA_OPERATIONS = {Category.PRODUCE: Operation.WRITE, Category.CONSUME: Operation.READ}
"""What is asked of the authorizer for data that flows."""


def login_succeeded(principal: Principal, mechanism: str) -> AuditEvent:
    """Return that somebody logged in."""
    return AuditEvent(
        category=Category.AUTHENTICATION,
        kind="authentication",
        method=AUTHENTICATE,
        principal=principal,
        result=Result.SUCCESS,
        metadata={"mechanism": mechanism},
    )


def login_failed(shown: str, mechanism: str, host: str, reason: str) -> AuditEvent:
    """Return that somebody did not get in.

    Args:
        shown: The name that was shown, or the id of a key; never a secret.
        mechanism: What was tried.
        host: The peer's address, without the port.
        reason: Why, for the reader of the log.
    """
    return AuditEvent(
        category=Category.AUTHENTICATION,
        kind="authentication",
        method=AUTHENTICATE,
        host=host,
        result=Result.UNAUTHENTICATED,
        message=reason,
        metadata={"mechanism": mechanism, "identifier": shown},
    )


def token_issued(
    principal: Principal, mechanism: str, *, token_id: str, login: str = ""
) -> AuditEvent:
    """Return that somebody got an access token.

    Args:
        principal: Who.
        mechanism: What it was got for.
        token_id: The token's ``jti``, by which later events name it.
        login: The family of its refresh tokens; none if empty.
    """
    said = {"mechanism": mechanism, "tokenId": token_id, "login": login}
    return AuditEvent(
        category=Category.AUTHENTICATION,
        kind="authentication",
        method=ISSUE_TOKEN,
        principal=principal,
        result=Result.SUCCESS,
        metadata={name: text for name, text in said.items() if text},
    )


def denied(
    principal: Principal, operation: Operation, resource: Resource, decision: Decision
) -> AuditEvent:
    """Return that somebody may not do something."""
    return AuditEvent(
        category=Category.DENIED,
        kind="authorization",
        method="Authorize",
        principal=principal,
        operation=operation,
        resource=resource,
        decision=decision,
        result=Result.UNAUTHORIZED,
    )


def data_flowed(
    category: Category,
    principal: Principal,
    resource: Resource,
    *,
    requests: int,
    size: int,
    period_s: float = 0.0,
    decision: Decision | None = None,
) -> AuditEvent:
    """Return that somebody wrote to a topic, or read from it.

    Args:
        category: ``PRODUCE`` or ``CONSUME``.
        principal: Who.
        resource: The topic.
        requests: How many there were.
        size: Bytes of the batches.
        period_s: In how many seconds before the event; 0 for one request, now.
        decision: What allowed it, where the event is of one request.
    """
    counts = {"requests": requests, "bytes": size, "periodMs": round(period_s * 1000)}
    return AuditEvent(
        category=category,
        kind="request",
        method="Produce" if category is Category.PRODUCE else "Fetch",
        principal=principal,
        operation=DATA_OPERATIONS[category],
        resource=resource,
        decision=decision,
        result=Result.SUCCESS,
        counts=counts,
    )


def allowed(
    category: Category,
    method: str,
    principal: Principal,
    operation: Operation | None,
    resource: Resource,
    decision: Decision | None,
    *,
    request_id: str = "",
    items: tuple[str, ...] = (),
) -> AuditEvent:
    """Return that somebody may do something, and is about to."""
    return AuditEvent(
        category=category,
        kind="authorization",
        method=method,
        principal=principal,
        operation=operation,
        resource=resource,
        decision=decision,
        request_id=request_id,
        items=items,
    )


def ended(
    method: str,
    principal: Principal,
    resource: Resource,
    *,
    request_id: str,
    error: str = "",
    items: tuple[str, ...] = (),
) -> AuditEvent:
    """Return how a change ended.

    Args:
        method: The verb.
        principal: Who asked for it.
        resource: What it was about.
        request_id: That of the event that it was allowed.
        error: The name of what it failed with; nothing where it did not.
        items: Names of what was changed that were not known before.
    """
    return AuditEvent(
        category=Category.ADMIN,
        kind="request",
        method=method,
        principal=principal,
        resource=resource,
        result=Result.FAILURE if error else Result.SUCCESS,
        message=error,
        request_id=request_id,
        items=items,
    )


def lost(count: int) -> AuditEvent:
    """Return that so many events before this one could not be written."""
    return AuditEvent(
        category=Category.ADMIN,
        kind="lost",
        method="Audit",
        result=Result.FAILURE,
        message=f"{count} events could not be written before this one",
    )
