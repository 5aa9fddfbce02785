"""Metadata image: all that the cluster agrees on, at one version, immutable.

Each node works from one image and swaps it whole, so nobody sees half a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistration:
    """One node of the cluster and where clients reach it."""

    node_id: int
    host: str
    http_port: int
    kafka_port: int
    rack: str | None = None
    broker_epoch: int = 0
    """Counts the node's lives; what was meant for an earlier one is refused (KIP-380)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionMetadata:
    """Who holds one partition."""

    topic_id: str
    topic_name: str
    partition: int
    leader: int
    leader_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMetadata:
    """One topic."""

    topic_id: str
    name: str
    is_internal: bool
    partitions: tuple[PartitionMetadata, ...]
    """By their number, from 0 without a gap."""

    configs: Mapping[str, str]
    """Only those that differ from the defaults."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "configs", MappingProxyType(dict(self.configs)))

    @property
    def replication_factor(self) -> int:
        """Replicas of each partition."""
        return len(self.partitions[0].replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataImage:
    """Everything, at one version."""

    version: int
    cluster_id: str
    controller_id: int | None
    brokers: Mapping[int, BrokerRegistration]
    topics: Mapping[str, TopicMetadata]
    topics_by_id: Mapping[str, TopicMetadata] = field(init=False)

    def __post_init__(self) -> None:
        by_id = {topic.topic_id: topic for topic in self.topics.values()}
        object.__setattr__(self, "brokers", MappingProxyType(dict(self.brokers)))
        object.__setattr__(self, "topics", MappingProxyType(dict(self.topics)))
        object.__setattr__(self, "topics_by_id", MappingProxyType(by_id))


def collision_key(name: str) -> str:
    """Return what two topic names must not share: in metric names ``.`` becomes ``_``."""
    return name.replace(".", "_")
