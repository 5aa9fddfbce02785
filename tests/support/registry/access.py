"""Somebody who may do some things to every subject, and what was told of it."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from app.security.acls import Operation
from tests.support.registry.ledger import FakeLedger


@dataclass
class FakeAccess:
    """May do some operations to every subject, and keeps what it is told."""

    allowed: Collection[Operation] = frozenset(Operation)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    denied: list[tuple[Operation, str]] = field(default_factory=list)
    changed: list[tuple[Operation, str]] = field(default_factory=list)

    def may(self, operation: Operation, _name: str) -> bool:
        """Return whether it may."""
        return operation in self.allowed

    def note_denied(self, operation: Operation, name: str) -> None:
        """Keep a refusal."""
        self.denied.append((operation, name))

    def change(
        self, operation: Operation, name: str, verb: str, items: Sequence[str]
    ) -> AbstractAsyncContextManager[list[str]]:
        """Keep a change, and write it down."""
        self.changed.append((operation, name))
        return self.ledger(verb, items)
