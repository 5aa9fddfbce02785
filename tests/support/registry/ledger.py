"""A ledger that keeps what it is told, and refuses when told to."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from schema_registry.errors import AuditUnavailable


@dataclass
class FakeLedger:
    """Knows each verb, what it named, and how it ended."""

    is_failing: bool = False
    begun: list[tuple[str, list[str]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """The name of the error for each, or nothing."""

    made: list[list[str]] = field(default_factory=list)
    """What each named when it was made."""

    @asynccontextmanager
    async def __call__(self, verb: str, items: Sequence[str]) -> AsyncIterator[list[str]]:
        """Write down what the block changes."""
        if self.is_failing:
            raise AuditUnavailable("no room")
        self.begun.append((verb, list(items)))
        self.made.append([])
        try:
            yield self.made[-1]
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise
        self.ended.append("")
