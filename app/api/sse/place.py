"""Where a stream is: the id of its events, which a client gives back in ``Last-Event-ID``.

It is a resume token (``api.resume_tokens``, as the WebSocket has them): the next offset of each
partition, and beside it what a stream counts over its reconnections. A token of a WebSocket is
taken as well, for its positions.

Invariants:
    The token of an event stands for all that was sent with it and before, and for nothing else.
    Limits and ends count on over any number of reconnections; once done, always done.
"""

from collections.abc import Callable, Mapping

import msgspec

from app.api.errors import ApiError
from app.api.resume_tokens import BadToken, ResumePoint, ResumeTokens
from app.consumers.model import TopicPartition

Offsets = dict[TopicPartition, int]


class StreamState(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a stream counts."""

    group: str | None = None
    records: int = 0
    """Sent in all."""

    bytes: int = 0
    """Likewise, of their JSON."""

    done: bool = False
    ends: list[tuple[str, int, int]] | None = None
    """Topic, partition and the offset to stop before, where it is to stop."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StreamState).decode


class Place:
    """Where one stream is."""

    def __init__(
        self,
        tokens: ResumeTokens,
        names: tuple[str, str],
        state: StreamState,
        topic_id: Callable[[str], str | None],
    ) -> None:
        """Stand nowhere yet.

        Args:
            tokens: Signs ids.
            names: Of the session, and of whose it is.
            state: What was counted before.
            topic_id: Returns a topic's id, or None where there is none (any more).
        """
        self._tokens = tokens
        self._session, self._principal = names
        self._find_topic_id = topic_id
        self._topic_ids: dict[str, str] = {}
        self.state = state
        self.offsets: Offsets = {}
        """The next one to send of each partition."""

    @property
    def session(self) -> str:
        """The session's name."""
        return self._session

    @property
    def ends(self) -> Offsets | None:
        """Where to stop."""
        ends = self.state.ends
        if ends is None:
            return None
        return {TopicPartition(topic, number): offset for topic, number, offset in ends}

    def token(self) -> str:
        """Return the id of this place."""
        positions: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        for (topic, number), offset in self.offsets.items():
            if topic not in positions:
                positions[topic] = (self.topic_id(topic), [])
            positions[topic][1].append((number, offset))
        return self._tokens.issue(
            ResumePoint(self._session, self._principal, 0, _encode(self.state), positions)
        )

    def topic_id(self, topic: str) -> str:
        """Return a topic's id, the last that it had where it is gone; empty where it had none."""
        found = self._find_topic_id(topic) or self._topic_ids.get(topic, "")
        self._topic_ids[topic] = found
        return found


class Returned(msgspec.Struct, frozen=True):
    """What a client came back with."""

    session: str
    state: StreamState
    offsets: Mapping[TopicPartition, int]
    """Of topics that are still the same ones."""


def read_place(
    tokens: ResumeTokens, token: str, principal: str, topic_id: Callable[[str], str | None]
) -> Returned:
    """Return what an id says.

    Raises:
        ApiError: It is none of this cluster's, or was given to somebody else.
    """
    try:
        point = tokens.read(token)
    except BadToken as error:
        raise ApiError(400, 400, f"Bad Request: Last-Event-ID: {error}") from None
    if point.principal != principal:
        raise ApiError(403, 40301, "The id was given to somebody else")
    try:
        state = _decode(point.settings)
    except msgspec.MsgspecError:
        state = StreamState()  # of a WebSocket: its positions are worth as much here
    offsets = {
        TopicPartition(topic, number): offset
        for topic, (known, pairs) in point.positions.items()
        if topic_id(topic) == known
        for number, offset in pairs
    }
    return Returned(point.session, state, offsets)
