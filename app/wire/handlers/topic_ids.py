"""Topic ids: text inside, 16 bytes on the wire."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from app.cluster.metadata_image import TopicMetadata
from app.wire.call import Call


def id_bytes(topic_id: str) -> bytes:
    """Return the bytes of a topic id."""
    return urlsafe_b64decode(topic_id + "==")


def id_text(topic_id: bytes) -> str:
    """Return a topic id as it is written."""
    return urlsafe_b64encode(topic_id).decode().rstrip("=")


def topic_by_id(call: Call, topic_id: bytes) -> TopicMetadata | None:
    """Return the topic that has an id, or None."""
    return call.broker.image.topics_by_id.get(id_text(topic_id))
