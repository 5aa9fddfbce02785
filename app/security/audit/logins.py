"""What is written down of logins.

Each failure is. A success is once in a while for each credential and address: over HTTP whoever
asks shows its credential with every request, and one line for each would say nothing new.
Called by: the authenticator, the Kafka door. Calls: kinds.
"""

import re
from collections import OrderedDict

from app.security.audit.audit import Audit, NoAudit
from app.security.audit.event import Category
from app.security.audit.kinds import login_failed, login_succeeded, token_issued
from app.security.principal import Credential, Principal
from app.telemetry.clock import Clock

SAID_S = 60.0
"""How long after a success the same one says nothing new."""

SAID_MAX = 10_000

_SECRET = re.compile(r"(cauce_[0-9a-f]{16})_[A-Za-z0-9_-]{8,}|(eyJ)[A-Za-z0-9_.-]{8,}")
"""A key or token that somebody put where a name belongs."""


class LoginAudit:
    """Writes down who logged in, and who did not."""

    def __init__(self, clock: Clock, audit: Audit | None = None) -> None:
        """Write to an audit log; to none if None."""
        self._clock = clock
        self._audit = audit or NoAudit()
        self._said: OrderedDict[tuple[Credential | None, str, str], float] = OrderedDict()

    def succeeded(self, principal: Principal, mechanism: str) -> None:
        """Write down that somebody logged in, unless that was said just now."""
        if not self._audit.wants(Category.AUTHENTICATION):
            return
        key = (principal.credential, mechanism, principal.host)
        now = self._clock.monotonic()
        said = self._said.get(key)
        if said is not None and now - said < SAID_S:
            return
        self._said[key] = now
        self._said.move_to_end(key)
        if len(self._said) > SAID_MAX:
            self._said.popitem(last=False)
        self._audit.note(login_succeeded(principal, mechanism))

    def issued(self, principal: Principal, mechanism: str, token_id: str, login: str) -> None:
        """Write down that somebody got an access token, each time.

        Args:
            principal: Who.
            mechanism: What it was got for.
            token_id: The token's ``jti``.
            login: The family of its refresh tokens; none if empty.
        """
        if self._audit.wants(Category.AUTHENTICATION):
            self._audit.note(token_issued(principal, mechanism, token_id=token_id, login=login))

    def failed(self, shown: str, mechanism: str, host: str, reason: str) -> None:
        """Write down that somebody did not get in.

        Args:
            shown: The name that was shown, or the id of a key; never a secret.
            mechanism: What was tried.
            host: The peer's address, without the port.
            reason: Why, for the reader of the log.
        """
        if self._audit.wants(Category.AUTHENTICATION):
            name = _SECRET.sub(lambda found: f"{found[1] or found[2]}…", shown)
            self._audit.note(login_failed(name, mechanism, host, reason))
