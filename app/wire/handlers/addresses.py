"""Where clients are told to go: who leads a partition, and the address that a node has registered.

A node that listens on every address and advertises none has registered no address that anybody
could use; of itself it tells the one under which this client has reached it.
"""

from app.cluster.metadata_image import PartitionMetadata
from app.wire.call import Call

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def advertised_address(call: Call, node_id: int) -> tuple[str, int]:
    """Return host and port of a registered node, for this client."""
    node = call.broker.image.brokers[node_id]
    host = node.host
    if host in EVERY_ADDRESS and node_id == call.broker.node_id and call.client.local_host:
        host = call.client.local_host
    return host, node.kafka_port


def leadership(call: Call, topic_name: str, partition: int) -> PartitionMetadata | None:
    """Return who leads a partition now, or None if it is gone."""
    topic = call.broker.image.topics.get(topic_name)
    if topic is None or not 0 <= partition < len(topic.partitions):
        return None
    return topic.partitions[partition]
