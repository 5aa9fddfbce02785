"""Topics over REST v3: create, list, describe, alter, delete; partitions, offsets, configs.

Shapes: Confluent REST v3. The cluster segment ``-`` means the cluster of the server asked.
Called by: cli. Calls: client.http.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from cauce.client.http import Answer, HttpClient, decoded

TOPICS_PATH = "/v3/clusters/-/topics"


class Topic(msgspec.Struct, frozen=True):
    """A topic as the server lists it."""

    topic_name: str
    partitions_count: int
    replication_factor: int
    is_internal: bool = False


class Replica(msgspec.Struct, frozen=True):
    """One copy of a partition."""

    broker_id: int
    is_leader: bool
    is_in_sync: bool


class Partition(msgspec.Struct, frozen=True):
    """One partition's number."""

    partition_id: int


class PartitionOffsets(msgspec.Struct, frozen=True):
    """What can be read of a partition; ``latest_offset`` is the next record's."""

    earliest_offset: int
    latest_offset: int


class Config(msgspec.Struct, frozen=True):
    """One setting of a topic."""

    name: str
    value: str | None
    is_default: bool
    source: str = ""


class _List(msgspec.Struct):
    data: list[msgspec.Raw]


class Topics:
    """The topics of one cluster."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def create(
        self,
        name: str,
        *,
        partitions: int | None = None,
        replication_factor: int | None = None,
        configs: Mapping[str, str] | None = None,
        validate_only: bool = False,
    ) -> Topic:
        """Create a topic; what is None is the server's choice.

        Args:
            name: Of the topic.
            partitions: How many.
            replication_factor: How many copies of each.
            configs: Kafka's names to values.
            validate_only: Only find out whether it could be created.
        """
        body: dict[str, object] = {"topic_name": name}
        if partitions is not None:
            body["partitions_count"] = partitions
        if replication_factor is not None:
            body["replication_factor"] = replication_factor
        if configs:
            body["configs"] = [{"name": key, "value": value} for key, value in configs.items()]
        if validate_only:
            body["validate_only"] = True
        return self._decode(self._http.send("POST", TOPICS_PATH, body), Topic)

    def list(self) -> Sequence[Topic]:
        """Return all topics, by name."""
        found = self._decode_list(self._http.get(TOPICS_PATH), Topic)
        return sorted(found, key=lambda topic: topic.topic_name)

    def get(self, name: str) -> Topic:
        """Return one topic."""
        return self._decode(self._http.get(topic_path(name)), Topic)

    def delete(self, name: str) -> None:
        """Delete a topic with all its records."""
        self._http.send("DELETE", topic_path(name))

    def add_partitions(self, name: str, total: int) -> Topic:
        """Raise the number of partitions to a total."""
        body = {"partitions_count": total}
        return self._decode(self._http.send("PATCH", topic_path(name), body), Topic)

    def partitions(self, name: str) -> Sequence[int]:
        """Return the numbers of a topic's partitions in order."""
        body = self._http.get(f"{topic_path(name)}/partitions")
        return sorted(one.partition_id for one in self._decode_list(body, Partition))

    def replicas(self, name: str, partition: int) -> Sequence[Replica]:
        """Return a partition's replicas as they are assigned, the preferred leader first."""
        body = self._http.get(f"{topic_path(name)}/partitions/{partition}/replicas")
        return self._decode_list(body, Replica)

    def offsets(self, name: str, partition: int) -> PartitionOffsets:
        """Return where a partition begins and ends."""
        body = self._http.get(f"{topic_path(name)}/partitions/{partition}/offset")
        return self._decode(body, PartitionOffsets)

    def configs(self, name: str) -> Sequence[Config]:
        """Return all settings of a topic, defaults included."""
        body = self._http.get(f"{topic_path(name)}/configs")
        return sorted(self._decode_list(body, Config), key=lambda config: config.name)

    def alter_configs(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Set configs, or take them back to their default (None), all or none of them."""
        data = [
            {"name": key, "operation": "DELETE"}
            if value is None
            else {"name": key, "value": value, "operation": "SET"}
            for key, value in changes.items()
        ]
        self._http.send("POST", f"{topic_path(name)}/configs:alter", {"data": data})

    def _decode(self, body: bytes, kind: type[Answer]) -> Answer:
        return decoded(self._http, body, kind)

    def _decode_list(self, body: bytes, kind: type[Answer]) -> Sequence[Answer]:
        return [self._decode(bytes(one), kind) for one in self._decode(body, _List).data]


def topic_path(name: str) -> str:
    """Return a topic's path; its name is escaped whole."""
    return f"{TOPICS_PATH}/{quote(name, safe='')}"
