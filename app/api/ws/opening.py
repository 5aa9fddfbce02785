"""Opening: from a frame that asks for a subscription, or a token, to the subscription.

A subscription without a group has a session of its own that ends with the socket. One with a group
is a member under an instance id, the client's or one that is made up, and its session is durable:
when the socket breaks, or the node dies, the membership stays until ``session_timeout_ms`` have
passed, and a token brings the same member back to the same partitions.

Invariants:
    An instance id of a group has one socket: the next one that asks for it fences the first (4409).
    A token opens what its own principal opened, on topics that are still the same ones.
Called by: connection. Calls: consumers.sessions, broker.list_offsets, subscription.
"""

from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass

import msgspec

from app.api.embedded_formats import EmbeddedFormat
from app.api.errors import ApiError
from app.api.records.filtering import filter_of
from app.api.resume_tokens import BadToken, ResumePoint, ResumeTokens
from app.api.ws.client_frames import Assign, CreditIn, Options, Resume, StartIn, Subscribe
from app.api.ws.codec import Subprotocol
from app.api.ws.delivery import Shown
from app.api.ws.limits import FRAME_RECORDS_MAX, PARTITIONS_MAX, REVOKE_SECONDS_MAX
from app.api.ws.outbox import Outbox
from app.api.ws.subscription import Delivery, Subscription
from app.api.ws.tokens import Tokens
from app.broker.context import BrokerContext
from app.broker.list_offsets import NO_OFFSET, OffsetSpec, list_offsets
from app.broker.partitions import partition_metadata
from app.cluster.catalog import new_id
from app.consumers.errors import SessionError, SessionNotFound
from app.consumers.filters.record_filter import RecordFilter
from app.consumers.model import (
    ASSIGNORS_EAGER,
    DecodePolicy,
    OffsetReset,
    Position,
    SessionSettings,
    TopicPartition,
)
from app.consumers.model import Subscription as Topics
from app.consumers.session import Session
from app.consumers.sessions import Sessions
from app.security.acls import Operation
from app.security.principal import Principal

IDLE_MS_MIN = 60_000
"""A session is asked for something by its socket more often than this."""

_settings_decoder: msgspec.json.Decoder[Subscribe | Assign] = msgspec.json.Decoder(
    Subscribe | Assign
)

Spawn = Callable[[Coroutine[None, None, None]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A subscription that stands."""

    subscription: Subscription
    resumed: bool = False
    reason: str | None = None
    """Why it does not go on where the token says."""

    @property
    def came_back(self) -> bool:
        """Whether it was opened by a token, and goes on there or not."""
        return self.resumed or self.reason is not None


class Opener:
    """Opens the subscriptions of one socket."""

    def __init__(
        self,
        context: BrokerContext,
        sessions: Sessions,
        tokens: ResumeTokens,
        principal: Principal,
        subprotocol: Subprotocol,
    ) -> None:
        """Open in someone's name."""
        self._context = context
        self._sessions = sessions
        self._tokens = tokens
        self._principal = principal
        self._subprotocol = subprotocol

    async def subscribe(self, frame: Subscribe, outbox: Outbox, spawn: Spawn) -> Opened:
        """Join a group.

        Raises:
            BrokerError: Why not.
            ApiError: The frame contradicts itself.
        """
        _filter(frame)
        name = frame.instance_id or f"ws-{new_id()}"
        session = await self._new_member(frame, name)
        point = self._point(frame, name, 0, {})
        try:
            return Opened(subscription=await self._join(frame, session, point, outbox, spawn))
        except BaseException:
            await self._sessions.close(session)
            raise

    async def assign(self, frame: Assign, outbox: Outbox, spawn: Spawn) -> Opened:
        """Read partitions without a group.

        Raises:
            BrokerError: Why not.
            ApiError: The frame contradicts itself.
        """
        positions = self.positions(frame.partitions, is_committed=_is_committed(frame))
        point = self._point(frame, f"ws-{new_id()}", 0, self._by_topic(positions))
        return Opened(subscription=await self._begin(frame, positions, point, outbox, spawn))

    async def resume(self, frame: Resume, outbox: Outbox, spawn: Spawn) -> Opened:
        """Go on where a token says.

        Raises:
            BrokerError: Why not.
            ApiError: It is no token of this cluster's, or another's.
        """
        try:
            point = self._tokens.read(frame.token)
            settings = _settings_decoder.decode(point.settings)
        except (BadToken, msgspec.MsgspecError) as error:
            raise ApiError(400, 40002, f"Bad Request: {error}") from None
        if point.principal != str(self._principal):
            raise ApiError(403, 40301, "the token was given to somebody else")
        settings = msgspec.structs.replace(settings, sub=frame.sub, credit=frame.credit)
        gone = [topic for topic, (id_, _) in point.positions.items() if self.topic_id(topic) != id_]
        point = ResumePoint(
            point.session,
            point.principal,
            point.epoch + 1,
            self._written(settings),
            {topic: found for topic, found in point.positions.items() if topic not in gone},
        )
        reason = f"topic {gone[0]!r} is not what it was" if gone else None
        if isinstance(settings, Assign):
            positions = self._resumed(settings, point)
            found = await self._begin(settings, positions, point, outbox, spawn)
        else:
            found = await self._rejoin(settings, point, outbox, spawn)
        return Opened(subscription=found, resumed=not gone, reason=reason)

    async def close(self, subscription: Subscription) -> None:
        """End a subscription for good: its member leaves the group."""
        subscription.session.listener = None
        await self._sessions.close(subscription.session, has_all=False)

    def positions(self, starts: Sequence[StartIn], *, is_committed: bool) -> list[Position]:
        """Return where to begin, as offsets.

        Raises:
            BrokerError: No such topic or partition, or it may not be read.
            ApiError: More than one place is named, or too many partitions.
        """
        found: dict[TopicPartition, Position] = {}
        for one in starts:
            named = [one.offset, one.timestamp, one.last, one.start]
            if sum(value is not None for value in named) > 1:
                raise ApiError(400, 40002, "give one of offset, timestamp, last and from")
            self._context.require_topic(self._principal, Operation.READ, one.topic)
            topic = self._context.topic(one.topic)
            numbers: Collection[int] = range(len(topic.partitions))
            if one.partition is not None:
                partition_metadata(topic, one.partition)
                numbers = (one.partition,)
            for number in numbers:
                offset = self._offset(one, number, is_committed=is_committed)
                found[TopicPartition(one.topic, number)] = Position(one.topic, number, offset)
        if len(found) > PARTITIONS_MAX:
            raise ApiError(400, 40002, f"at most {PARTITIONS_MAX} partitions")
        return list(found.values())

    def topic_id(self, topic: str) -> str | None:
        """Return a topic's id, or None where there is none (any more)."""
        found = self._context.image.topics.get(topic)
        return None if found is None else found.topic_id

    # -- inside ----------------------------------------------------------------------------------

    async def _new_member(self, frame: Subscribe, name: str) -> Session:
        """Make a session for a member; one of the same name ends."""
        try:
            before = await self._sessions.get(frame.group, name, self._principal)
        except SessionNotFound:
            pass
        else:
            await self._sessions.close(before, has_all=False)
        return await self._sessions.create(_member_settings(frame, name), self._principal)

    async def _join(
        self,
        frame: Subscribe,
        session: Session,
        point: ResumePoint,
        outbox: Outbox,
        spawn: Spawn,
    ) -> Subscription:
        subscription = self._subscription(frame, session, point, outbox, spawn)
        await session.subscribe(Topics(topics=tuple(frame.topics), pattern=frame.pattern))
        return subscription

    async def _rejoin(
        self, frame: Subscribe, point: ResumePoint, outbox: Outbox, spawn: Spawn
    ) -> Subscription:
        try:
            session = await self._sessions.get(frame.group, point.session, self._principal)
        except SessionNotFound:
            session = await self._new_member(frame, point.session)
        subscription = self._subscription(frame, session, point, outbox, spawn)
        subscription.resume_at = {
            TopicPartition(topic, number): offset
            for topic, (_, pairs) in point.positions.items()
            for number, offset in pairs
        }
        if session.subscription is None:
            await session.subscribe(Topics(topics=tuple(frame.topics), pattern=frame.pattern))
        return subscription

    async def _begin(
        self,
        frame: Assign,
        positions: Sequence[Position],
        point: ResumePoint,
        outbox: Outbox,
        spawn: Spawn,
    ) -> Subscription:
        """Read partitions from positions on."""
        settings = SessionSettings(
            auto_commit=False,
            is_committed=_is_committed(frame),
            auto_offset_reset=OffsetReset.NONE,
            decode_policy=DecodePolicy(frame.undecodable),
            client_id="cauce-websocket",
            idle_timeout_ms=IDLE_MS_MIN,
        )
        session = await self._sessions.create(settings, self._principal)
        try:
            await session.assign([one.topic_partition for one in positions])
            subscription = self._subscription(frame, session, point, outbox, spawn)
            await subscription.seek(positions)
            if frame.until == "end":
                subscription.ends = {
                    one.topic_partition: self._listed(
                        one.topic_partition, OffsetSpec.LATEST, is_committed=_is_committed(frame)
                    )
                    for one in positions
                }
        except BaseException:
            await self._sessions.close(session)
            raise
        return subscription

    def _resumed(self, frame: Assign, point: ResumePoint) -> list[Position]:
        """Return the token's positions, and where to begin in what it does not name."""
        known = {
            TopicPartition(topic, number): offset
            for topic, (_, pairs) in point.positions.items()
            for number, offset in pairs
        }
        there = {
            place: offset
            for place, offset in known.items()
            if place.partition < len(self._context.topic(place.topic).partitions)
        }
        found = [Position(*place, offset) for place, offset in there.items()]
        named = {place.topic for place in known}
        rest = [one for one in frame.partitions if one.topic not in named]
        return found + self.positions(rest, is_committed=_is_committed(frame))

    def _subscription(
        self, frame: Options, session: Session, point: ResumePoint, outbox: Outbox, spawn: Spawn
    ) -> Subscription:
        shown = Shown(_format(frame.key_type), _format(frame.value_type), frame.undecodable)
        records_max = frame.frame_records_max or FRAME_RECORDS_MAX
        subscription = Subscription(
            frame.sub,
            session,
            outbox,
            Delivery(self._subprotocol, frame.layout, shown, records_max, _filter(frame)),
            Tokens(self._tokens, point, self.topic_id),
            (spawn, self._context.clock.monotonic),
        )
        _give_credit(subscription, frame)
        return subscription

    def _point(
        self,
        frame: Options,
        name: str,
        epoch: int,
        positions: dict[str, tuple[str, list[tuple[int, int]]]],
    ) -> ResumePoint:
        return ResumePoint(name, str(self._principal), epoch, self._written(frame), positions)

    @staticmethod
    def _written(frame: Options) -> bytes:
        """Return the frame as a token keeps it: without what only this socket knows."""
        kept = msgspec.structs.replace(frame, id=None, sub="-", credit=None)
        return msgspec.json.encode(kept)

    def _by_topic(
        self, positions: Sequence[Position]
    ) -> dict[str, tuple[str, list[tuple[int, int]]]]:
        found: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        for one in positions:
            topic_id = self.topic_id(one.topic) or ""
            found.setdefault(one.topic, (topic_id, []))[1].append((one.partition, one.offset))
        return found

    def _offset(self, start: StartIn, number: int, *, is_committed: bool) -> int:
        place = TopicPartition(start.topic, number)
        if start.offset is not None:
            return start.offset
        if start.timestamp is not None:
            found = self._listed(place, start.timestamp, is_committed=is_committed)
            if found != NO_OFFSET:
                return found
        if start.start == "earliest":
            return self._listed(place, OffsetSpec.EARLIEST, is_committed=is_committed)
        end = self._listed(place, OffsetSpec.LATEST, is_committed=is_committed)
        if start.last is not None:
            first = self._listed(place, OffsetSpec.EARLIEST, is_committed=is_committed)
            return max(first, end - start.last)
        return end

    def _listed(self, place: TopicPartition, spec: OffsetSpec | int, *, is_committed: bool) -> int:
        return list_offsets(
            self._context, self._principal, *place, spec, is_committed=is_committed
        ).offset


def _member_settings(frame: Subscribe, name: str) -> SessionSettings:
    if bool(frame.topics) == (frame.pattern is not None):
        raise ApiError(400, 40002, "give topics or a pattern, one of the two")
    start: OffsetReset | int
    if isinstance(frame.start, int):
        start = frame.start
    else:
        start = OffsetReset.EARLIEST if frame.start == "earliest" else OffsetReset.LATEST
    try:
        return SessionSettings(
            group=frame.group,
            name=name,
            is_durable=True,
            client_id="cauce-websocket",
            decode_policy=DecodePolicy(frame.undecodable),
            auto_offset_reset=start,
            auto_commit=frame.auto_commit,
            is_committed=_is_committed(frame),
            session_timeout_ms=frame.session_timeout_ms,
            rebalance_wait_ms=int(REVOKE_SECONDS_MAX * 1000),
            idle_timeout_ms=max(IDLE_MS_MIN, frame.session_timeout_ms),
            assignors=tuple(frame.assignors or ASSIGNORS_EAGER),
        )
    except SessionError as error:
        raise ApiError(400, 40002, str(error)) from None


def _filter(frame: Options) -> RecordFilter | None:
    if frame.where is not None and frame.layout == "batches":
        raise ApiError(400, 40002, "record batches as they lie in the log cannot be filtered")
    return filter_of(frame.where)


def _give_credit(subscription: Subscription, frame: Options) -> None:
    credit = frame.credit
    if isinstance(credit, CreditIn):
        subscription.grant(credit.records, credit.bytes)
    elif credit is not None:
        subscription.open_credit(is_window=credit == "auto")


def _is_committed(frame: Options) -> bool:
    return frame.isolation_level == "read_committed"


def _format(name: str | None) -> EmbeddedFormat | None:
    return None if name is None else EmbeddedFormat(name)
