"""The clock that the rest of the house is given, so that tests and simulations can give another.

Wall time is for record timestamps and for people; it may jump. Monotonic time is for
deadlines and durations; it never does. Safety depends on neither (ARCHITECTURE.md).
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Both kinds of time."""

    def now_ms(self) -> int:
        """Return wall-clock time in milliseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean anything."""
        ...


class SystemClock:
    """The operating system's clocks."""

    def now_ms(self) -> int:
        """Return wall-clock time in milliseconds since the Unix epoch."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds since some fixed moment of this machine's life."""
        return time.monotonic()
