"""What every verb of the registry is given, built once by the wiring."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
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

    @asynccontextmanager
    async def changing(self, *subjects: Subject) -> AsyncIterator[Writing]:
        """Run the block in a transaction that is alone, and have views see its end.

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
