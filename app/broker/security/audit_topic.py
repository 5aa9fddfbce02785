"""``_audit_log``: the topic in which the audit log can be read like any other.

The file is what counts; the topic gets the same events a moment later, each a record with a
CloudEvent as its value. It is made when there is something to write, with a partition for each
node; a node that comes later adds one for itself. While it cannot be written the
events wait; those for which there is no room are missing here, and only here.

Invariants:
    Events are appended in the order in which they came, to the partition that this node leads.
    A topic of the name that somebody else made is left alone.
Called by: the audit log. Source: CloudEvents' Kafka protocol binding, for the header.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from app.broker.context import BrokerContext
from app.broker.partitions import local_leader
from app.cluster.errors import CatalogError, TopicExists
from app.cluster.metadata_image import PartitionMetadata, TopicMetadata
from app.replication.partition import Partition
from app.security.audit.event import AUDIT_TOPIC
from storage.errors import BatchTooLarge, DiskError, LogError
from storage.format.builder import build_batch

_logger = logging.getLogger(__name__)

WAITING_MAX = 10_000
"""Events that wait to be appended."""

GATHER_S = 0.1
"""How long the first one waits for more: an append for each would hold changes up as long as their
events in the file do."""

BATCH_BYTES = 512 * 1024
RETRY_S = 1.0
CONFIGS = {"retention.ms": str(90 * 24 * 3600 * 1000), "max.message.bytes": str(2 << 20)}
HEADERS = ((b"content-type", b"application/cloudevents+json; charset=UTF-8"),)


class AuditTopic:
    """Appends events to the topic."""

    def __init__(self, context: BrokerContext) -> None:
        """Append nothing yet."""
        self._context = context
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._is_failing = False
        self.missing = 0
        """Events that are not in the topic, since the node began."""

    def offer(self, lines: Sequence[bytes]) -> None:
        """Append these soon, or count them."""
        self._waiting.extend(lines)
        while len(self._waiting) > WAITING_MAX:
            self._waiting.popleft()
            self.missing += 1
        self._wake.set()

    async def run(self) -> None:
        """Append until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_S)
            self._wake.clear()
            if not await self._append_all():
                await asyncio.sleep(RETRY_S)
                self._wake.set()

    async def stop(self) -> None:
        """Append what waits, if that is possible now."""
        await self._append_all()

    async def _append_all(self) -> bool:
        """Return whether nothing waits any more."""
        async with self._turn:
            try:
                while self._waiting:
                    found = await self._partition()
                    if found is None:
                        self._drop(len(self._waiting), "this node has no partition of it")
                        return True
                    self._append(*found)
            except (CatalogError, LogError, DiskError) as error:
                self._say(str(error))
                return False
            self._is_failing = False
            return True

    def _append(self, partition: Partition, metadata: PartitionMetadata) -> None:
        """Append as much as fits a batch."""
        now_ms = self._context.clock.now_ms()
        lines: list[bytes] = []
        size = 0
        for line in self._waiting:
            if lines and size + len(line) > BATCH_BYTES:
                break
            lines.append(line)
            size += len(line)
        batch = build_batch([(now_ms, None, line.rstrip(b"\n"), HEADERS) for line in lines])
        try:
            partition.append_as_leader(batch, leader_epoch=metadata.leader_epoch, now_ms=now_ms)
        except BatchTooLarge as error:
            self._drop(len(lines), str(error))
            return
        for _ in lines:
            self._waiting.popleft()

    async def _partition(self) -> tuple[Partition, PartitionMetadata] | None:
        """Return the partition that this node leads; make the topic if there is none."""
        context = self._context
        topic = context.image.topics.get(AUDIT_TOPIC)
        if topic is None:
            nodes = sorted(context.image.brokers)
            with suppress(TopicExists):  # another node may need it at the same time
                await context.catalog.create_topic(
                    AUDIT_TOPIC, [(node,) for node in nodes], configs=CONFIGS, is_internal=True
                )
            topic = (await context.metadata.refresh()).topics.get(AUDIT_TOPIC)
        if topic is None or not topic.is_internal:
            return None
        if not any(context.node_id in one.replicas for one in topic.partitions):
            topic = await self._grown(len(topic.partitions) + 1)
        for metadata in topic.partitions:
            if metadata.leader == context.node_id:
                return local_leader(context, metadata), metadata
        return None

    async def _grown(self, total: int) -> TopicMetadata:
        """Give a node that came after the topic was made a partition; return the topic.

        Raises:
            InvalidPartitionCount: Another node's was added in the meantime.
        """
        context = self._context
        await context.catalog.add_partitions(AUDIT_TOPIC, total, replicas=[(context.node_id,)])
        return (await context.metadata.refresh()).topics[AUDIT_TOPIC]

    def _drop(self, count: int, why: str) -> None:
        for _ in range(count):
            self._waiting.popleft()
        self.missing += count
        self._say(why)

    def _say(self, why: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            _logger.error("topic %s cannot be written, the file is: %s", AUDIT_TOPIC, why)
