"""The state of one session, and how a new one is made durable before it counts.

Invariants:
    What ``state`` says is durable, if the session is.
Called by: session, seeking. Calls: what sessions give it.
"""

from collections.abc import Awaitable, Callable

from app.consumers.keeping.state import SessionState

Save = Callable[[SessionState], Awaitable[None]]
"""Makes a state durable.

Raises:
    BrokerError: It could not; an earlier one stays.
"""


class KeptState:
    """The state of one session."""

    def __init__(self, state: SessionState, save: Save) -> None:
        """Begin with a state that is durable already."""
        self.state = state
        self._save = save

    async def change(self, state: SessionState) -> None:
        """Make a state durable, then take it.

        Raises:
            BrokerError: It is not; the former stays.
        """
        if state != self.state:
            await self._save(state)
            self.state = state
