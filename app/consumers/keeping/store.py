"""Store: durable sessions as records of an internal compacted topic, ``__cauce_sessions``.

A group's sessions are kept in one partition, by the hash that also places its offsets; whoever
leads that partition has the sessions. The topic is made when somebody first needs it.

States of a partition: loading -> active, or loading -> failed (the log is damaged: operators are
told, the others serve).
Invariants:
    Nothing of a partition is written before all of it was read, so the last word on each session
    is known.
    ``save`` and ``forget`` return when what they wrote is durable.
    A record that cannot be read costs its own session, and is reported.
Crash between two steps: what was not durable was not answered; what was durable and not answered
is found at the start.
Called by: sessions. Calls: records, cluster, replication, the coordinators' journal.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial

from app.broker.context import BrokerContext
from app.broker.errors import CoordinatorNotAvailable, InvalidRequest, NotCoordinator
from app.broker.groups.refusals import group_error
from app.cluster.errors import CatalogError, TopicExists
from app.cluster.metadata_image import MetadataImage, PartitionMetadata, TopicMetadata
from app.consumers.errors import SessionsLoading
from app.consumers.keeping.records import (
    SessionKey,
    decode_key,
    decode_state,
    encode_key,
    encode_state,
    key_of,
)
from app.consumers.keeping.state import SessionState
from app.coordinators.encoding import MalformedRecord
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.journal import Journal
from app.coordinators.groups.offsets_topic import REPLICATION_FACTOR, partition_for
from storage.errors import DiskError, LogError
from storage.format.decoder import decode_records

_logger = logging.getLogger(__name__)

SESSIONS_TOPIC = "__cauce_sessions"
PARTITIONS = 10
RECORD_BYTES_MAX = 16 * 1024 * 1024
"""One session with as many partitions as it may remember."""

SESSIONS_TOPIC_CONFIGS = {
    "cleanup.policy": "compact",
    "max.message.bytes": str(RECORD_BYTES_MAX),
    "segment.bytes": "104857600",
}

LOADING_SECONDS_MAX = 10.0
"""How long a call waits for the sessions to be read after a start."""

_Key = tuple[str, int, int]
"""Topic id, partition, leader epoch."""

Spawn = Callable[[Coroutine[None, None, None]], object]


class _Standing(Enum):
    LOADING = "loading"
    ACTIVE = "active"
    FAILED = "failed"


@dataclass(slots=True)
class _Shard:
    """One partition that this node leads."""

    journal: Journal
    standing: _Standing = _Standing.LOADING


class SessionStore:
    """The durable sessions of a node, on disk."""

    def __init__(
        self,
        context: BrokerContext,
        spawn: Spawn,
        on_loaded: Callable[[Collection[SessionState]], None],
        on_gone: Callable[[Callable[[str], bool]], None],
    ) -> None:
        """Read nothing before ``start``.

        Args:
            context: The broker.
            spawn: Starts a task that lives as long as the sessions.
            on_loaded: Called with the sessions of a partition when they are read.
            on_gone: Called when a partition is not this node's any more, with a question that
                says which groups were in it.
        """
        self._context = context
        self._spawn = spawn
        self._on_loaded = on_loaded
        self._on_gone = on_gone
        self._shards: dict[_Key, _Shard] = {}
        self._changed = asyncio.Event()
        self._is_started = False

    def start(self) -> None:
        """Follow the metadata, and read what this node leads."""
        self._context.metadata.subscribe(self._apply_image)
        self._is_started = True
        self._changed.set()

    async def ready(self, group: str) -> None:
        """Return when the sessions of a group are known.

        Raises:
            SessionsLoading: They are still being read.
            NotCoordinator: Another node has them.
            CoordinatorNotAvailable: Their log is damaged.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LOADING_SECONDS_MAX):
                while not self._is_known(group):
                    self._changed.clear()
                    await self._changed.wait()
        if not self._is_known(group):
            raise SessionsLoading("the consumer instances are still being read")
        self._check(group)

    async def save(self, state: SessionState) -> None:
        """Write a session; return when that is durable.

        Raises:
            BrokerError: It is not, or perhaps not.
        """
        key = key_of(state.settings)
        assert key is not None, "a durable session has a name"
        await self._write(key, encode_state(state))

    async def forget(self, key: SessionKey) -> None:
        """Write that a session is gone; return when that is durable.

        Raises:
            BrokerError: It is not, or perhaps not.
        """
        await self._write(key, None)

    async def _write(self, key: SessionKey, value: bytes | None) -> None:
        group = key[0]
        if value is not None and len(value) > RECORD_BYTES_MAX - 1_000:
            raise InvalidRequest("the session reads too many partitions to be written down")
        await self._ensure()
        await self.ready(group)
        shard = self._shard(group)
        assert shard is not None, "it is ready"
        written: asyncio.Future[ErrorCode] = asyncio.get_running_loop().create_future()

        def then(error: ErrorCode, _base_offset: int) -> None:
            if not written.done():
                written.set_result(error)

        shard.journal.append(self._spawn, [(encode_key(key), value)], then)
        error = await written
        if error is not ErrorCode.NONE:
            raise group_error(error, group)

    # -- which partitions there are ------------------------------------------------------------

    @property
    def _topic(self) -> TopicMetadata | None:
        return self._context.image.topics.get(SESSIONS_TOPIC)

    async def _ensure(self) -> None:
        """Make the topic if there is none.

        Raises:
            CoordinatorNotAvailable: It could not be made.
        """
        if self._topic is not None:
            return
        factor = max(1, min(REPLICATION_FACTOR, len(self._context.image.brokers)))
        try:
            with suppress(TopicExists):  # somebody else may need it at the same time
                await self._context.catalog.create_topic(
                    SESSIONS_TOPIC,
                    PARTITIONS,
                    replication_factor=factor,
                    configs=SESSIONS_TOPIC_CONFIGS,
                    is_internal=True,
                )
            await self._context.metadata.refresh()
        except CatalogError as error:
            raise CoordinatorNotAvailable(f"{SESSIONS_TOPIC} cannot be made: {error}") from error

    def _metadata(self, group: str) -> PartitionMetadata | None:
        topic = self._topic
        if topic is None:
            return None
        return topic.partitions[partition_for(group, len(topic.partitions))]

    def _shard(self, group: str) -> _Shard | None:
        metadata = self._metadata(group)
        return self._shards.get(_key(metadata)) if metadata is not None else None

    def _is_known(self, group: str) -> bool:
        """Whether waiting would bring nothing more."""
        if not self._is_started:
            return False
        metadata = self._metadata(group)
        if metadata is None or metadata.leader != self._context.node_id:
            return True
        shard = self._shard(group)
        return shard is not None and shard.standing is not _Standing.LOADING

    def _check(self, group: str) -> None:
        metadata = self._metadata(group)
        if metadata is None:
            return
        if metadata.leader != self._context.node_id:
            raise NotCoordinator(f"node {metadata.leader} has the instances of group {group!r}")
        shard = self._shard(group)
        if shard is None or shard.standing is _Standing.FAILED:
            raise CoordinatorNotAvailable(f"the instances of group {group!r} cannot be read")

    def _apply_image(self, _old: MetadataImage | None, new: MetadataImage) -> None:
        led = dict(self._led(new))
        for key in self._shards.keys() - led.keys():
            del self._shards[key]
            self._on_gone(partial(_is_in, key[1]))
        for key in led.keys() - self._shards.keys():
            replica = self._context.replicas.get(key[0], key[1])
            if replica is None:
                continue
            journal = Journal(self._context.clock, self._context.replicas, replica, key[2])
            shard = self._shards[key] = _Shard(journal)
            if journal.is_empty:
                shard.standing = _Standing.ACTIVE
            else:
                self._spawn(self._load(key, shard))
        self._changed.set()

    def _led(self, image: MetadataImage) -> Iterator[tuple[_Key, PartitionMetadata]]:
        topic = image.topics.get(SESSIONS_TOPIC)
        for metadata in topic.partitions if topic is not None else ():
            if metadata.leader == self._context.node_id:
                yield _key(metadata), metadata

    async def _load(self, key: _Key, shard: _Shard) -> None:
        found: dict[bytes, bytes] = {}
        name = f"{SESSIONS_TOPIC}-{key[1]}"
        try:
            async for data, position, _ in shard.journal.read():
                for record in decode_records(data, position):
                    if record.key is not None:
                        found.pop(record.key, None)
                        if record.value is not None:
                            found[record.key] = record.value
        except (LogError, DiskError) as error:
            shard.standing = _Standing.FAILED
            _logger.error("the consumer instances of %s cannot be read: %s", name, error)
        else:
            if self._shards.get(key) is shard:
                self._on_loaded(_states(name, found))
                shard.standing = _Standing.ACTIVE
        self._changed.set()


def _states(name: str, found: dict[bytes, bytes]) -> list[SessionState]:
    states = []
    for key, value in found.items():
        try:
            group_and_name = decode_key(key)
            state = decode_state(value)
            if key_of(state.settings) != group_and_name:
                raise MalformedRecord(f"the session of {group_and_name} says it is another")
        except MalformedRecord as error:
            _logger.error("a record of %s cannot be read: %s", name, error)
        else:
            states.append(state)
    if states:
        _logger.info("the consumer instances of %s are loaded: %d", name, len(states))
    return states


def _is_in(partition: int, group: str) -> bool:
    return partition_for(group, PARTITIONS) == partition


def _key(metadata: PartitionMetadata) -> _Key:
    return metadata.topic_id, metadata.partition, metadata.leader_epoch
