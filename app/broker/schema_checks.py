"""Records held to the schemas of their topic, before they are appended; by whichever door.

Only topics that switch it on pay for it (``schema_configs``). What a check needs to know may have
to be asked of the database, so it waits; those that append to the topic meanwhile wait behind it,
in their order, or an idempotent producer's batches would overtake each other.

Invariants:
    Between the end of a check and the append that it allows nothing is awaited.
    Checks of one topic end in the order in which they began.
Called by: produce, append_batches. Calls: schema_configs, schema_registry.serdes.
Source: Confluent's documentation, "Schema ID Validation" (a batch with a bad record is refused
whole, INVALID_RECORD); KIP-467 for the errors of single records.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from app.broker.errors import CoordinatorNotAvailable
from app.broker.schema_configs import ValidationLevel, is_checked, rules_of
from app.cluster.metadata_image import TopicMetadata
from schema_registry.errors import StoreUnavailable
from schema_registry.formats.framing import KEY_HEADER, VALUE_HEADER, header_of
from schema_registry.serdes.checks import Checks, Expected
from storage.format.record import Headers

TOLD_MAX = 1_000
"""Faults of one batch that are told one by one."""


class _Turn:
    """Who may check the records of a topic now."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class SchemaChecks:
    """Checks what is appended to topics that want it."""

    def __init__(self, checks: Checks) -> None:
        """Check by the schemas of a registry."""
        self._checks = checks
        self._turns: dict[str, _Turn] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    @staticmethod
    def wants(topic: TopicMetadata | None) -> bool:
        """Return whether a topic's records are checked."""
        return topic is not None and is_checked(topic.configs)

    @asynccontextmanager
    async def turn(self, topic_name: str) -> AsyncIterator[None]:
        """Wait until those before have been checked; those behind wait for the block to end."""
        turn = self._turns.setdefault(topic_name, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if turn.users == 0:
                self._turns.pop(topic_name, None)

    def spawn(self, task: "asyncio.Task[object]") -> None:
        """Keep a task until it ends, whoever still waits for it."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def faults(
        self,
        topic: TopicMetadata,
        keys: Sequence[bytes | None],
        values: Sequence[bytes | None],
        headers: Sequence[Headers],
    ) -> Mapping[int, str]:
        """Return what is wrong with records, by position.

        Raises:
            CoordinatorNotAvailable: The schema registry cannot be asked.
        """
        has_headers = headers.count(()) != len(headers)
        faults: dict[int, str] = {}
        for rule in rules_of(topic.configs):
            name = KEY_HEADER if rule.is_key else VALUE_HEADER
            heads = [header_of(one, name) for one in headers] if has_headers else None
            is_full = rule.level is ValidationLevel.FULL
            expected = Expected(topic.name, rule.is_key, rule.strategy, is_full)
            try:
                found = await self._checks.faults(expected, keys if rule.is_key else values, heads)
            except StoreUnavailable as error:
                raise CoordinatorNotAvailable(
                    f"the schema registry cannot be asked: {error}"
                ) from error
            field = "key" if rule.is_key else "value"
            for at, fault in found.items():
                faults.setdefault(at, f"{field}: {fault}")
        return dict(sorted(faults.items()))
