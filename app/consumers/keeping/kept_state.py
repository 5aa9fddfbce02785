"""The state of one session, and how a new one is made durable before it counts.

Invariants:
    What ``state`` says is durable, if the session is, but for whence its party asked last.
    Changes follow one another, each of what the one before has left.
Called by: session, seeking, subscriber. Calls: what sessions give it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.consumers.keeping.state import SessionState
from app.security.principal import Principal

Save = Callable[[SessionState], Awaitable[None]]
"""Makes a state durable.

Raises:
    BrokerError: It could not; an earlier one stays.
"""

Update = Callable[[SessionState], SessionState]


class KeptState:
    """The state of one session."""

    def __init__(self, state: SessionState, save: Save) -> None:
        """Begin with a state that is durable already."""
        self.state = state
        self._save = save
        self._lock = asyncio.Lock()

    async def change(self, update: Update) -> None:
        """Make a new state durable, then take it.

        Raises:
            BrokerError: It is not; the former stays.
        """
        async with self._lock:
            changed = update(self.state)
            if changed != self.state:
                if changed.settings.is_durable:
                    await self._save(changed)
                self.state = replace(changed, principal=self.state.principal)

    def act_as(self, principal: Principal) -> None:
        """Go on in the name of the same party by another credential, or from another address."""
        self.state = replace(self.state, principal=principal)
