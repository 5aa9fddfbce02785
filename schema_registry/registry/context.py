"""What every verb of the registry is given, built once by the wiring.

Who wants to know of changes gives a context of its own to the verbs that it asks: each says what it
is about to change before it does, and goes on only if that could be written down. A verb that finds
nothing to change says nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from schema_registry.registry.parsed import ParsedSchemas
from schema_registry.registry.views import Views
from schema_registry.registry.workers import Workers
from schema_registry.store import Store, Writing
from schema_registry.subjects import Subject

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

Ledger = Callable[[str, Sequence[str]], AbstractAsyncContextManager[list[str]]]
"""Writes a change down: given a verb and the names of what it changes, entered before anything is
changed, left when that has ended well or not; refuses by ``AuditUnavailable`` when entered. Gives a
list that takes names which only making the change tells."""

LIST_MAX = 20_000
"""Subjects, versions or contexts of one page, which is also what a page has by default."""

SCHEMAS_MAX = 1_000
"""Schemas of one page, likewise."""


class Queue:
    """Those who want to change one subject."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryContext:
    """The collaborators of the verbs."""

    store: Store
    views: Views
    schemas: ParsedSchemas
    workers: Workers
    now_ms: Callable[[], int]
    subject_queues: dict[Subject, Queue] = field(default_factory=dict)
    """One for each subject that is being registered under by this process."""

    ledger: Ledger | None = None
    """Knows who makes the changes that are made with this; None where nobody wants to."""

    def written_down(
        self, verb: str, items: Sequence[str]
    ) -> AbstractAsyncContextManager[list[str]]:
        """Write down the change that the block makes; it gives a list, as a ledger does.

        Args:
            verb: As ``DeleteSubject``.
            items: Names of what is changed, without values.

        Raises:
            AuditUnavailable: It cannot be; the block did not begin.
        """
        return nullcontext([]) if self.ledger is None else self.ledger(verb, items)

    @asynccontextmanager
    async def changing(self, verb: str, items: Sequence[str]) -> AsyncIterator[Writing]:
        """Run the block in a transaction that is alone and may change everything.

        It is written down before it begins, and again when it has ended.

        Raises:
            AuditUnavailable: It cannot be written down; the block did not begin.
        """
        async with self.written_down(verb, items), self.writing() as writing:
            yield writing

    @asynccontextmanager
    async def writing(self, *subjects: Subject) -> AsyncIterator[Writing]:
        """Run the block in a transaction that is alone, and have views see its end.

        For changes that are written down already.

        Args:
            subjects: All whose versions change; without any everything may.
        """
        async with self.store.writing() as writing:
            revision = await writing.revision()
            yield writing
        if subjects:
            self.views.changed(revision, *subjects)
        else:
            self.views.changed(revision)
            self.views.forget()


def page_size(limit: int, maximum: int) -> int:
    """Return how many entries a page has: negative limits are the default."""
    return maximum if limit < 0 else min(limit, maximum)


def to_its_end(
    operation: Callable[Parameters, Coroutine[Any, Any, Result]],
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """Make an operation one that cancelling its caller does not break off.

    A client that leaves must not leave a transaction half way, nor a driver's call that goes on
    without anybody to give its lock back.
    """

    @wraps(operation)
    async def whole(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        running = asyncio.ensure_future(operation(*arguments, **options))
        running.add_done_callback(_note_end)
        return await asyncio.shield(running)

    return whole


def _note_end(ended: "asyncio.Future[Any]") -> None:
    """Look at how it ended, so that asyncio does not complain when the caller is gone."""
    if not ended.cancelled():
        ended.exception()
