"""Groups that are watched over their whole life: who was given what, and what is committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient

from tests.support.groups.members import MemberProcess, offsets_got, wait_until
from tests.support.node import NodeProcess

PARTITIONS = 6
ROUNDS = 25
"""Times that every partition gets a record between two events."""


@contextmanager
def impatient_node(directory: Path, environment: pytest.MonkeyPatch) -> Iterator[NodeProcess]:
    """A node with a topic ``t``, whose groups do not wait long."""
    environment.setenv("CAUCE_GROUP_INITIAL_REBALANCE_DELAY_MS", "200")
    environment.setenv("CAUCE_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
    environment.setenv("CAUCE_GROUP_CONSUMER_SESSION_TIMEOUT_MS", "2000")
    environment.setenv("CAUCE_GROUP_CONSUMER_HEARTBEAT_INTERVAL_MS", "300")
    node = NodeProcess(directory)
    node.start()
    try:
        node.create_topic("t", PARTITIONS)
        yield node
    finally:
        assert node.process is not None
        node.process.kill()
        node.process.wait()


class Feed:
    """Writes as many records into every partition of a topic."""

    def __init__(self, node: NodeProcess, topic: str = "t", partitions: int = PARTITIONS) -> None:
        self.topic = topic
        self.partitions = partitions
        self._producer = Producer(
            {"bootstrap.servers": node.bootstrap, "enable.idempotence": True, "log_level": 0}
        )
        self.produced = 0

    def produce(self) -> None:
        """Write what there is between two events."""
        for _ in range(ROUNDS):
            for partition in range(self.partitions):
                self._producer.produce(self.topic, b"1", partition=partition)
            self.produced += 1
        assert self._producer.flush(60) == 0


class Members:
    """The members of one group, and the records they are given."""

    def __init__(
        self, node: NodeProcess, directory: Path, group: str = "g", feed: Feed | None = None
    ) -> None:
        """Begin with none.

        Args:
            node: Where they read.
            directory: Where they write what they see.
            group: Its id.
            feed: Shared with other groups.
        """
        self.node = node
        self.group = group
        self.feed = feed or Feed(node)
        self.all: list[MemberProcess] = []
        self._directory = directory
        self.admin = AdminClient({"bootstrap.servers": node.bootstrap, "log_level": 0})

    @property
    def produced(self) -> int:
        """Records in each partition."""
        return self.feed.produced

    def start(
        self, kind: str, make: type[MemberProcess] = MemberProcess, **options: str
    ) -> MemberProcess:
        """Start a member more."""
        member = make(
            self._directory,
            kind,
            self.node.bootstrap,
            group=self.group,
            topic=self.feed.topic,
            **options,
        )
        self.all.append(member)
        return member

    def produce(self) -> None:
        """Write what there is between two events."""
        self.feed.produce()

    def got_all(self) -> bool:
        """Return whether every record has been handed out."""
        found = offsets_got(self.all)
        wanted = set(range(self.produced))
        return all(found[partition] >= wanted for partition in range(self.feed.partitions))

    def committed(self) -> list[int]:
        """Return what the server says is committed, by partition."""
        asked = [ConsumerGroupTopicPartitions(self.group)]
        found = self.admin.list_consumer_group_offsets(asked)[self.group].result(timeout=60)
        by_number = {one.partition: one.offset for one in found.topic_partitions}
        return [by_number.get(partition, -1) for partition in range(self.feed.partitions)]

    def wait_for_all(self) -> None:
        """Return when every record has been handed out."""
        wait_until(self.got_all, f"every record is handed out to {self.group}")

    def wait_for_commits(self) -> None:
        """Return when everything is committed."""
        wanted = [self.produced] * self.feed.partitions
        wait_until(lambda: self.committed() == wanted, f"{self.group} has committed all")
