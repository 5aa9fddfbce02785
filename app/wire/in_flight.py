"""In flight: how many bytes of requests this door holds, over all connections.

A frame is admitted as a whole before any of it is kept, while there is anything left, so what is
held passes the bound by one frame at most. Who is not admitted stops reading and waits in a row;
who is admitted can always go on, so the row moves.

Called by: connection. Calls: nothing.
Source: Kafka's ``queued.max.request.bytes`` and ``SimpleMemoryPool``, not strict.
"""

from collections import deque
from collections.abc import Callable


class InFlight:
    """The bytes of all requests that came and are not answered yet."""

    def __init__(self, max_bytes: int) -> None:
        """Hold nothing.

        Args:
            max_bytes: From here on no new frame is admitted.
        """
        self._max_bytes = max_bytes
        self._waiting: deque[Callable[[], None]] = deque()
        self.held_bytes = 0

    @property
    def waiting(self) -> int:
        """How many stand in the row."""
        return len(self._waiting)

    def admit(self, size: int) -> bool:
        """Take so many bytes, or say that there is no room."""
        if self.held_bytes >= self._max_bytes:
            return False
        self.held_bytes += size
        return True

    def wait(self, on_room: Callable[[], None]) -> None:
        """Call this once when there may be room again."""
        self._waiting.append(on_room)

    def release(self, size: int) -> None:
        """Give bytes back, and call those who wait while there is room."""
        self.held_bytes -= size
        assert self.held_bytes >= 0, "given back twice"
        while self._waiting and self.held_bytes < self._max_bytes:
            self._waiting.popleft()()
