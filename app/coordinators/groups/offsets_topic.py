"""``__consumer_offsets``: where groups and committed offsets are kept, and who is asked for which.

A group belongs to one partition of it, by a hash of its id; that partition's leader coordinates the
group. The topic is made when somebody first needs it, so a node without groups has none.
Called by: coordinator. Calls: cluster.
Source: Kafka's ``GroupMetadataManager.partitionFor`` and ``GroupConfig`` (``offsetsTopicConfigs``).
"""

from contextlib import suppress

from app.cluster.catalog import Catalog
from app.cluster.errors import TopicExists
from app.cluster.metadata_image import MetadataImage, TopicMetadata
from app.cluster.watcher import MetadataWatcher

OFFSETS_TOPIC = "__consumer_offsets"
OFFSETS_TOPIC_CONFIGS = {
    "cleanup.policy": "compact",
    "compression.type": "producer",
    "segment.bytes": "104857600",
}
INT32_MIN = -(1 << 31)
"""Has no absolute value in 32 bits; Kafka's ``Utils.abs`` makes it 0."""

REPLICATION_FACTOR = 3
"""Replicas of each partition, or as many as there are nodes."""


def partition_for(group_id: str, partition_count: int) -> int:
    """Return the partition of the topic that keeps a group: Java's hash of its id, as in Kafka."""
    value = 0
    encoded = group_id.encode("utf-16-be", "surrogatepass")
    for high, low in zip(encoded[::2], encoded[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & 0xFFFFFFFF
    signed = value - (1 << 32) if value & 1 << 31 else value
    return (abs(signed) if signed != INT32_MIN else 0) % partition_count


class OffsetsTopic:
    """The topic as the metadata has it."""

    def __init__(self, catalog: Catalog, metadata: MetadataWatcher, partition_count: int) -> None:
        """Look it up, and make it with so many partitions when it is first needed."""
        self._catalog = catalog
        self._metadata = metadata
        self._partition_count = partition_count

    @property
    def image(self) -> MetadataImage:
        """All metadata of this moment."""
        return self._metadata.image

    @property
    def topic(self) -> TopicMetadata | None:
        """What is known of it, or None while there is none."""
        return self.image.topics.get(OFFSETS_TOPIC)

    async def ensure(self) -> TopicMetadata:
        """Return it; make it if there is none.

        Raises:
            CatalogError: It could not be made.
        """
        found = self.topic
        if found is not None:
            return found
        factor = max(1, min(REPLICATION_FACTOR, len(self.image.brokers)))
        with suppress(TopicExists):  # somebody else may need it at the same time
            await self._catalog.create_topic(
                OFFSETS_TOPIC,
                self._partition_count,
                replication_factor=factor,
                configs=OFFSETS_TOPIC_CONFIGS,
                is_internal=True,
            )
        image = await self._metadata.refresh()
        return image.topics[OFFSETS_TOPIC]
