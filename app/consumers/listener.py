"""Who is told what becomes of a session's partitions: a door that keeps a connection to its client.

Called by: membership. Source: Kafka's ``ConsumerRebalanceListener``, with a deadline.
"""

from collections.abc import Collection
from typing import Protocol

from app.consumers.model import TopicPartition


class Listener(Protocol):
    """Who is told what becomes of a session's partitions; a door with a connection to its client.

    The three that do not wait must not block: they are called between two steps of the group.
    """

    def assigned(self, partitions: Collection[TopicPartition], epoch: int) -> None:
        """These are the session's from now on."""
        ...

    async def revoking(self, partitions: Collection[TopicPartition], wait_seconds: float) -> None:
        """These will be taken; return when the client is done with them (it may commit now).

        After so many seconds they are taken anyway.
        """
        ...

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """These were taken: what is committed for them now is refused."""
        ...

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """These belong to somebody else already: the group went on without the session."""
        ...
