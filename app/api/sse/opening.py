"""Opening: from a query, and the id that a client came back with, to a session and a place.

A stream without a group has a session of its own that ends with the connection: the id says where
to go on. One with a group is a static member (KIP-345) under an instance id, the client's or one
that is made up, and its session is durable: when the connection breaks, or the node dies, the
membership waits, and the id brings the same member back to the same partitions.

Called by: door. Calls: consumers.sessions, broker.list_offsets, place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.api.errors import ApiError
from app.api.resume_tokens import ResumeTokens
from app.api.sse.place import Place, Returned, StreamState, read_place
from app.api.sse.query import PARTITIONS_MAX, Commit, StreamQuery
from app.broker.context import BrokerContext
from app.broker.errors import OffsetOutOfRange
from app.broker.list_offsets import NO_OFFSET, OffsetSpec, list_offsets
from app.broker.partitions import partition_metadata
from app.cluster.catalog import new_id
from app.consumers.errors import SessionNotFound
from app.consumers.model import (
    OffsetReset,
    OffsetToCommit,
    Position,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.consumers.session import Session
from app.consumers.sessions import Sessions
from app.security.acls import Operation
from app.security.principal import Principal

IDLE_MS_MIN = 60_000
"""A stream asks its session for something more often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a stream reads, and where it is."""

    session: Session
    place: Place
    returned: Mapping[TopicPartition, int] = field(default_factory=dict)
    """Where its member goes on, of what it will be assigned."""

    gaps: tuple[dict[str, object], ...] = ()
    """What the client is told of records that are not there any more."""


class Opener:
    """Opens streams."""

    def __init__(self, context: BrokerContext, sessions: Sessions, tokens: ResumeTokens) -> None:
        self._context = context
        self._sessions = sessions
        self._tokens = tokens

    def returned(
        self, query: StreamQuery, token: str | None, principal: Principal
    ) -> Returned | None:
        """Return what a client came back with.

        Raises:
            ApiError: It is no id of this cluster's, or of another stream.
        """
        if token is None:
            return None
        found = read_place(self._tokens, token, str(principal), self._topic_id)
        if found.state.group is not None and found.state.group != query.group:
            raise ApiError(400, 400, "Bad Request: the id is of a stream of another group")
        return found

    async def open(
        self, query: StreamQuery, returned: Returned | None, principal: Principal
    ) -> Opened:
        """Make what a stream needs, or find it again.

        Raises:
            ApiError: The query asks for what cannot be.
            BrokerError: Why not.
        """
        for topic in query.topics:
            self._context.require_topic(principal, Operation.READ, topic)
            self._context.topic(topic)
        if query.group is not None:
            return await self._open_member(query, returned, principal)
        return await self._open_reader(query, returned, principal)

    async def end(self, query: StreamQuery, returned: Returned, principal: Principal) -> None:
        """End the membership of a stream that was done; commit what its client has."""
        if query.group is None:
            return
        try:
            session = await self._sessions.get(query.group, returned.session, principal)
        except SessionNotFound:
            return
        if query.commit is Commit.ON_NEXT:
            mine = [one for one in session.assignment() if one in returned.offsets]
            committed = await session.committed(mine)
            ahead = {
                one: OffsetToCommit(returned.offsets[one])
                for one in mine
                if (known := committed.get(one)) is None or known.offset < returned.offsets[one]
            }
            if ahead:
                await session.commit(ahead)
        await self._sessions.close(session, has_all=query.commit is Commit.AUTO)

    # -- members of a group ----------------------------------------------------------------------

    async def _open_member(
        self, query: StreamQuery, returned: Returned | None, principal: Principal
    ) -> Opened:
        assert query.group is not None, "asked for groups only"
        name = query.instance_id or (f"sse-{new_id()}" if returned is None else returned.session)
        session = await self._find_member(query, name, returned, principal)
        subscription = Subscription(topics=query.topics, pattern=query.pattern)
        if session.subscription != subscription:
            try:
                await session.subscribe(subscription)
            except BaseException:
                await self._sessions.close(session, has_all=False)
                raise
        state = StreamState() if returned is None else returned.state
        state.group = query.group
        place = Place(self._tokens, (name, str(principal)), state, self._topic_id)
        offsets = {} if returned is None else dict(returned.offsets)
        place.offsets = dict(offsets)
        return Opened(session=session, place=place, returned=offsets)

    async def _find_member(
        self, query: StreamQuery, name: str, returned: Returned | None, principal: Principal
    ) -> Session:
        """Return the session that a client came back to, or a new one."""
        assert query.group is not None, "asked for groups only"
        try:
            before = await self._sessions.get(query.group, name, principal)
        except SessionNotFound:
            pass
        else:
            if returned is not None:
                return before
            await self._sessions.close(before, has_all=False)
        return await self._sessions.create(_member_settings(query, name), principal)

    # -- readers by themselves -------------------------------------------------------------------

    async def _open_reader(
        self, query: StreamQuery, returned: Returned | None, principal: Principal
    ) -> Opened:
        wanted = self._partitions(query)
        gaps: list[dict[str, object]] = []
        offsets = {
            one: self._start(query, returned, one, principal, gaps) for one in sorted(wanted)
        }
        state = StreamState() if returned is None else returned.state
        if state.ends is None and (query.until_end or query.until_ms is not None):
            state.ends = [(*one, self._end(query, one, principal)) for one in offsets]
        name = f"sse-{new_id()}" if returned is None else returned.session
        place = Place(self._tokens, (name, str(principal)), state, self._topic_id)
        place.offsets = offsets
        session = await self._sessions.create(_reader_settings(query), principal)
        try:
            await session.assign(list(offsets))
            await session.seek([Position(*one, offset) for one, offset in offsets.items()])
        except BaseException:
            await self._sessions.close(session)
            raise
        return Opened(session=session, place=place, gaps=tuple(gaps))

    def _partitions(self, query: StreamQuery) -> list[TopicPartition]:
        found = []
        for name in query.topics:
            topic = self._context.topic(name)
            for number in query.partitions or range(len(topic.partitions)):
                partition_metadata(topic, number)
                found.append(TopicPartition(name, number))
        if len(found) > PARTITIONS_MAX:
            raise ApiError(
                400,
                40002,
                f"These are {len(found)} partitions, more than the {PARTITIONS_MAX} of one stream",
            )
        return found

    def _start(
        self,
        query: StreamQuery,
        returned: Returned | None,
        one: TopicPartition,
        principal: Principal,
        gaps: list[dict[str, object]],
    ) -> int:
        """Return where to begin in a partition; note what is missing before it."""
        earliest = self._listed(query, one, OffsetSpec.EARLIEST, principal)
        if returned is not None and returned.offsets:
            if one not in returned.offsets:  # it has come since, or its topic was made anew
                return earliest
            wanted = returned.offsets[one]
            if wanted < earliest:
                gaps.append(_gap(one, wanted, earliest))
            return max(
                earliest, min(wanted, self._listed(query, one, OffsetSpec.LATEST, principal))
            )
        if query.timestamp_ms is not None:
            found = self._listed(query, one, query.timestamp_ms, principal)
            if found != NO_OFFSET:
                return found
        elif query.offset is not None:
            latest = self._listed(query, one, OffsetSpec.LATEST, principal)
            if not earliest <= query.offset <= latest:
                raise OffsetOutOfRange(
                    f"offset {query.offset} of {one.topic}-{one.partition} is outside "
                    f"[{earliest}, {latest}]"
                )
            return query.offset
        elif query.from_earliest:
            return earliest
        return self._listed(query, one, OffsetSpec.LATEST, principal)

    def _end(self, query: StreamQuery, one: TopicPartition, principal: Principal) -> int:
        """Return the offset to stop before."""
        if query.until_ms is not None:
            found = self._listed(query, one, query.until_ms, principal)
            if found != NO_OFFSET:
                return found
        return self._listed(query, one, OffsetSpec.LATEST, principal)

    def _listed(
        self,
        query: StreamQuery,
        one: TopicPartition,
        spec: OffsetSpec | int,
        principal: Principal,
    ) -> int:
        return list_offsets(
            self._context, principal, *one, spec, is_committed=query.is_committed
        ).offset

    def _topic_id(self, topic: str) -> str | None:
        found = self._context.image.topics.get(topic)
        return None if found is None else found.topic_id


def _gap(one: TopicPartition, wanted: int, earliest: int) -> dict[str, object]:
    return {
        "error_code": 41601,
        "message": f"The records from offset {wanted} to {earliest} are not there any more",
        "retriable": False,
        "topic_name": one.topic,
        "partition_id": one.partition,
        "offset": wanted,
        "next_offset": earliest,
    }


def _reader_settings(query: StreamQuery) -> SessionSettings:
    return SessionSettings(
        auto_commit=False,
        auto_offset_reset=OffsetReset.EARLIEST,
        is_committed=query.is_committed,
        client_id="cauce-sse",
        idle_timeout_ms=IDLE_MS_MIN,
    )


def _member_settings(query: StreamQuery, name: str) -> SessionSettings:
    start: OffsetReset | int = OffsetReset.LATEST
    if query.timestamp_ms is not None:
        start = max(0, query.timestamp_ms)
    elif query.from_earliest:
        start = OffsetReset.EARLIEST
    return SessionSettings(
        group=query.group,
        name=name,
        is_durable=True,
        auto_commit=query.commit is Commit.AUTO,
        auto_offset_reset=start,
        is_committed=query.is_committed,
        client_id="cauce-sse",
        session_timeout_ms=query.session_timeout_ms,
        rebalance_wait_ms=0,
        idle_timeout_ms=max(IDLE_MS_MIN, query.session_timeout_ms),
    )
