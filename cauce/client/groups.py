"""Consumer groups over REST v3: list, describe, lag, alter offsets, delete.

Called by: cli. Calls: client.http.
"""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from cauce.client.http import Answer, HttpClient, decoded

GROUPS_PATH = "/v3/clusters/-/consumer-groups"


class Group(msgspec.Struct, frozen=True):
    """A group as the server lists it."""

    consumer_group_id: str
    state: str
    is_simple: bool
    partition_assignor: str
    type: str
    is_mixed_consumer_group: bool = False
    """Whether members of the classic protocol are in a group of the next generation's."""

    @property
    def kind(self) -> str:
        """Its type in a word for people."""
        return f"{self.type} (mixed)" if self.is_mixed_consumer_group else self.type


class Member(msgspec.Struct, frozen=True):
    """One of a group's members."""

    consumer_id: str
    client_id: str
    instance_id: str | None = None


class Assignment(msgspec.Struct, frozen=True):
    """A partition that a member reads."""

    topic_name: str
    partition_id: int


class Lag(msgspec.Struct, frozen=True):
    """How far a group is behind in one partition; ``consumer_id`` is empty if nobody reads it."""

    topic_name: str
    partition_id: int
    current_offset: int
    log_end_offset: int
    lag: int
    consumer_id: str = ""


class AlteredOffset(msgspec.Struct, frozen=True):
    """What became, or would become, of one committed offset; ``error_code`` 0 is success."""

    topic_name: str
    partition_id: int
    current_offset: int | None
    new_offset: int
    error_code: int = 0


class _List(msgspec.Struct):
    data: list[msgspec.Raw]


class Groups:
    """The consumer groups of one cluster."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self) -> Sequence[Group]:
        """Return all groups, by id."""
        found = self._decode_list(self._http.get(GROUPS_PATH), Group)
        return sorted(found, key=lambda group: group.consumer_group_id)

    def get(self, group_id: str) -> Group:
        """Return one group."""
        return self._decode(self._http.get(group_path(group_id)), Group)

    def members(self, group_id: str) -> Sequence[Member]:
        """Return a group's members."""
        return self._decode_list(self._http.get(f"{group_path(group_id)}/consumers"), Member)

    def assignments(self, group_id: str, member_id: str) -> Sequence[Assignment]:
        """Return the partitions that a member reads."""
        path = f"{group_path(group_id)}/consumers/{segment(member_id)}/assignments"
        return self._decode_list(self._http.get(path), Assignment)

    def lags(self, group_id: str) -> Sequence[Lag]:
        """Return how far a group is behind, by topic and partition."""
        found = self._decode_list(self._http.get(f"{group_path(group_id)}/lags"), Lag)
        return sorted(found, key=lambda one: (one.topic_name, one.partition_id))

    def alter_offsets(
        self,
        group_id: str,
        target: str,
        *,
        value: int | None = None,
        partitions: Sequence[tuple[str, int]] | None = None,
        validate_only: bool = False,
    ) -> Sequence[AlteredOffset]:
        """Have a group that nobody is in go on reading elsewhere.

        Args:
            group_id: Whose offsets.
            target: ``earliest``, ``latest``, ``timestamp``, ``shift`` or ``exact``.
            value: What the last three need.
            partitions: Topics and partitions; all with a committed offset if None.
            validate_only: Only return what would be.
        """
        body: dict[str, object] = {"target": target, "validate_only": validate_only}
        if value is not None:
            body["value"] = value
        if partitions is not None:
            body["partitions"] = [
                {"topic_name": topic, "partition_id": number} for topic, number in partitions
            ]
        answer = self._http.send("POST", f"{group_path(group_id)}/offsets:alter", body)
        return self._decode_list(answer, AlteredOffset)

    def delete(self, group_id: str) -> None:
        """Delete a group that nobody is in, with its committed offsets."""
        self._http.send("DELETE", group_path(group_id))

    def _decode(self, body: bytes, kind: type[Answer]) -> Answer:
        return decoded(self._http, body, kind)

    def _decode_list(self, body: bytes, kind: type[Answer]) -> Sequence[Answer]:
        return [self._decode(bytes(one), kind) for one in self._decode(body, _List).data]


def group_path(group_id: str) -> str:
    """Return a group's path; its id is escaped whole."""
    return f"{GROUPS_PATH}/{segment(group_id)}"


def segment(text: str) -> str:
    """Return a segment of a path that means a text; dots alone would mean another folder."""
    if text in (".", ".."):
        return text.replace(".", "%2E")
    return quote(text, safe="")
