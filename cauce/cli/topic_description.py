"""What ``cauce topic describe`` shows, gathered from several requests."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from cauce.cli.console import table
from cauce.client.topics import Config, PartitionOffsets, Replica, Topic, Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionDescription:
    """One partition: its copies and what can be read of it."""

    partition_id: int
    replicas: Sequence[Replica]
    offsets: PartitionOffsets

    @property
    def leader(self) -> int | None:
        """The broker that leads it, or None while none does."""
        leaders = [replica.broker_id for replica in self.replicas if replica.is_leader]
        return leaders[0] if leaders else None

    @property
    def in_sync(self) -> list[int]:
        """The brokers that have all of it."""
        return [replica.broker_id for replica in self.replicas if replica.is_in_sync]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDescription:
    """A topic, its partitions and all its settings."""

    topic: Topic
    partitions: Sequence[PartitionDescription]
    configs: Sequence[Config]

    def as_text(self) -> bytes:
        """Return it for people: only the settings that are not default."""
        topic = self.topic
        lines = [
            f"Topic:              {topic.topic_name}",
            f"Partitions:         {topic.partitions_count}",
            f"Replication factor: {topic.replication_factor}",
        ]
        changed = [config for config in self.configs if not config.is_default]
        lines += [f"Config:             {config.name}={config.value}" for config in changed]
        rows = [
            (
                one.partition_id,
                "none" if one.leader is None else one.leader,
                ",".join(str(replica.broker_id) for replica in one.replicas),
                ",".join(map(str, one.in_sync)),
                one.offsets.earliest_offset,
                one.offsets.latest_offset,
            )
            for one in self.partitions
        ]
        headings = ("PARTITION", "LEADER", "REPLICAS", "IN SYNC", "EARLIEST", "LATEST")
        return ("\n".join(lines) + "\n\n").encode() + table(headings, rows)

    def as_json(self) -> bytes:
        """Return it for programs, on one line."""
        topic = self.topic
        described = {
            "topic_name": topic.topic_name,
            "is_internal": topic.is_internal,
            "partitions_count": topic.partitions_count,
            "replication_factor": topic.replication_factor,
            "partitions": [
                {
                    "partition_id": one.partition_id,
                    "leader": one.leader,
                    "replicas": [replica.broker_id for replica in one.replicas],
                    "in_sync_replicas": one.in_sync,
                    "earliest_offset": one.offsets.earliest_offset,
                    "latest_offset": one.offsets.latest_offset,
                }
                for one in self.partitions
            ],
            "configs": self.configs,
        }
        return msgspec.json.encode(described) + b"\n"


def describe_topic(topics: Topics, name: str) -> TopicDescription:
    """Ask the server for all there is to say about a topic."""
    return TopicDescription(
        topic=topics.get(name),
        partitions=[
            PartitionDescription(
                partition_id=number,
                replicas=topics.replicas(name, number),
                offsets=topics.offsets(name, number),
            )
            for number in topics.partitions(name)
        ],
        configs=topics.configs(name),
    )
