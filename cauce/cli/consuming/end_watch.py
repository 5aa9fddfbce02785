"""Whether a member of a group has read all that was there when it got its partitions.

A group's member is not told where the ends are, as a consumer that reads alone is: they are asked
for over REST when partitions come, with what the group has committed.

States of a partition: behind, until something was read up to its end; then reached.

Invariants:
    It is over when every partition that is ours was reached, however much is produced meanwhile.
    What is never sent, transaction markers for example, may be all that is left before an end: so
    it is over, too, when nothing has come for a while. A server that is away does not count.
Called by: consuming.run. Calls: client.topics, client.groups.
"""

from collections.abc import Iterable

from cauce.client.errors import Refused
from cauce.client.groups import Groups
from cauce.client.http import HttpClient
from cauce.client.streaming.codec import Slice
from cauce.client.streaming.records import TopicPartition
from cauce.client.topics import Topics

QUIET_POLLS_MAX = 10
"""Polls in a row that brought nothing, after which nothing more is waited for."""

QUIET_POLLS_UNASSIGNED_MAX = 30
"""Likewise of a member that has got no partition: others may have them all."""

NOT_FOUND = 404


class EndWatch:
    """Watches one member's partitions."""

    def __init__(self, http: HttpClient, group: str, *, from_start: bool) -> None:
        """Know of no partition yet.

        Args:
            http: The server.
            group: Whose member.
            from_start: Whether it begins at the start where nothing is committed, not at the end.
        """
        self._topics = Topics(http)
        self._groups = Groups(http)
        self._group = group
        self._from_start = from_start
        self._ends: dict[TopicPartition, int] = {}
        self._behind: set[TopicPartition] = set()
        self._quiet = 0
        self._is_away = False

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to wait for."""
        if self._ends and not self._behind:
            return True
        limit = QUIET_POLLS_MAX if self._ends else QUIET_POLLS_UNASSIGNED_MAX
        return self._quiet >= limit

    def assigned(self, places: Iterable[TopicPartition]) -> None:
        """Take in partitions, and find out where they end."""
        self._quiet = 0
        committed = self._committed()
        for place in places:
            offsets = self._topics.offsets(*place)
            begin = offsets.earliest_offset if self._from_start else offsets.latest_offset
            self._ends[place] = offsets.latest_offset
            if committed.get(place, begin) < offsets.latest_offset:
                self._behind.add(place)

    def taken(self, places: Iterable[TopicPartition]) -> None:
        """Take in that partitions are somebody else's."""
        for place in places:
            self._ends.pop(place, None)
            self._behind.discard(place)

    def read(self, parts: Iterable[Slice]) -> None:
        """Take in what was read."""
        self._quiet = 0
        for one in parts:
            if one.next_offset >= self._ends.get(one.place, 0):
                self._behind.discard(one.place)

    def nothing_came(self) -> None:
        """Take in that a poll brought nothing."""
        if not self._is_away:
            self._quiet += 1

    def away(self, *, is_away: bool) -> None:
        """Take in whether the server is away."""
        self._is_away = is_away
        self._quiet = 0

    def _committed(self) -> dict[TopicPartition, int]:
        try:
            lags = self._groups.lags(self._group)
        except Refused as error:
            if error.status == NOT_FOUND:
                return {}
            raise
        return {
            TopicPartition(one.topic_name, one.partition_id): one.current_offset for one in lags
        }
