"""Who asks over HTTP: what the scope says, at every door."""

from app.api.auth.asking import PRINCIPAL, principal_of
from app.security.principal import ANONYMOUS, Principal


def test_a_request_that_nobody_looked_at_is_anonymous() -> None:
    assert principal_of({"type": "http"}) is ANONYMOUS


def test_whoever_authenticated_has_said_it() -> None:
    alice = Principal("alice")

    assert principal_of({PRINCIPAL: alice}) is alice
