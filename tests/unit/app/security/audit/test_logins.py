"""What is written down of logins: each failure, and a success once in a while."""

import pytest

from app.security.audit.audit import NoAudit
from app.security.audit.event import AuditEvent, Category, Result
from app.security.audit.logins import SAID_MAX, SAID_S, LoginAudit
from app.security.principal import Credential, CredentialKind, Principal
from tests.support.security.login import MovedClock

ALICE = Principal(
    "alice", host="10.0.0.1", credential=Credential(CredentialKind.PASSWORD, "alice", 1)
)


class Noted(NoAudit):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def wants(self, category: Category) -> bool:
        return category is Category.AUTHENTICATION

    def note(self, event: AuditEvent) -> None:
        self.events.append(event)


def test_success_is_said_once_a_minute_for_a_credential_and_address() -> None:
    audit, clock = Noted(), MovedClock()
    logins = LoginAudit(clock, audit)

    logins.succeeded(ALICE, "password")
    logins.succeeded(ALICE, "password")
    logins.succeeded(ALICE.from_host("10.0.0.2"), "password")
    clock.seconds += SAID_S
    logins.succeeded(ALICE, "password")

    hosts = [event.principal.host for event in audit.events if event.principal]
    assert hosts == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


def test_each_failure_is_said() -> None:
    audit = Noted()
    logins = LoginAudit(MovedClock(), audit)

    logins.failed("mallory", "password", "10.0.0.9", "wrong user or password")
    logins.failed("mallory", "password", "10.0.0.9", "wrong user or password")

    assert [event.result for event in audit.events] == [Result.UNAUTHENTICATED] * 2


@pytest.mark.parametrize(
    "secret", ["cauce_0123456789abcdef_" + "s" * 43, "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl"]
)
def test_key_or_token_in_the_place_of_a_name_is_not_written(secret: str) -> None:
    audit = Noted()

    LoginAudit(MovedClock(), audit).failed(f"x{secret}", "password", "h", "unknown")

    written = repr(audit.events)
    assert secret not in written
    assert secret[-8:] not in written


def test_memory_of_successes_is_bounded() -> None:
    audit = Noted()
    logins = LoginAudit(MovedClock(), audit)

    for number in range(SAID_MAX + 5):
        logins.succeeded(ALICE.from_host(str(number)), "password")
    logins.succeeded(ALICE.from_host("0"), "password")

    assert len(audit.events) == SAID_MAX + 6
