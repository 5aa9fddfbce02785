"""Who asks: what the scope of a request says, for every door alike.

Whoever authenticates a request puts its principal there before a door sees it; a request that
nobody looked at is anonymous.
"""

from typing import Any

from app.security.principal import ANONYMOUS, Principal

PRINCIPAL = "cauce.principal"
"""The key in the scope of ASGI."""


def principal_of(scope: Any) -> Principal:
    """Return who asks."""
    principal: Principal = scope.get(PRINCIPAL, ANONYMOUS)
    return principal
