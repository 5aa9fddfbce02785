"""A session as a member of its group: it joins, syncs, beats, and joins again when it must.

It goes through the verbs like any client of the classic protocol, so it shares groups with Kafka's
clients. The server beats for it whatever its client does.

States: joining -> settled (in a generation, with its assignment) -> joining ...; any -> over.
Invariants:
    It holds nothing that its last generation did not give it, and gives back before it joins
    (eager) or before others can be given (cooperative).
    A durable session joins under its name (a static member): after a crash it is in the same
    generation again, and nobody else moves.
Crash at any moment: the coordinator knows the member as it was last durable; the restored session
joins under its name and gets the assignment that the generation has for it.
Called by: session. Calls: the verbs of groups, the assignors, rebalance.
Source: Kafka's ``ConsumerCoordinator``; KIP-345, KIP-429, KIP-814.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Protocol as Interface
from uuid import uuid4

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    GroupAuthorizationFailed,
    GroupMaxSizeReached,
)
from app.broker.groups.admin import describe_group
from app.broker.groups.members import heartbeat, join_group, leave_group, sync_group
from app.consumers.errors import GroupRefuses, SessionError, SessionFenced
from app.consumers.membership.rebalance import (
    Reaction,
    after_joining,
    before_joining,
    other_assignors,
    reaction,
)
from app.consumers.membership.topics import all_partitions, partition_counts
from app.consumers.model import SessionSettings, TopicPartition
from app.consumers.reading.commits import MemberIdentity
from app.coordinators.groups.assignors.leader import ASSIGNORS, Assignor, lead, member_metadata
from app.coordinators.groups.assignors.member import by_topic
from app.coordinators.groups.commands import (
    NO_GENERATION,
    UNKNOWN_MEMBER_ID,
    Heartbeat,
    Join,
    JoinReply,
    Leaving,
    Protocol,
    Sync,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.subscriptions import (
    PROTOCOL_TYPE,
    decode_assignment,
    subscribed_topics,
)
from app.security.principal import Principal

_logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.1
"""How soon a member asks again where the coordinator is away."""

REFUSED_SECONDS = 1.0
"""How soon it asks again where it was refused."""

JOIN_MARGIN_MS = 10_000
"""What a group waits for a member beyond the time that its client has to be done."""


class Host(Interface):
    """The session whose membership this is."""

    @property
    def held(self) -> Collection[TopicPartition]:
        """The partitions that it reads."""
        ...

    async def revoke(self, partitions: Collection[TopicPartition]) -> None:
        """Let the client be done with these, commit what is due, and read them no more."""
        ...

    def take(self, partitions: Collection[TopicPartition]) -> None:
        """Read these."""
        ...

    def lose(self, partitions: Collection[TopicPartition]) -> None:
        """Read these no more: they are somebody else's already."""
        ...

    def trouble(self, error: BrokerError | None) -> None:
        """Tell the client why it is given nothing, or that it is well again."""
        ...

    def end(self, error: SessionError) -> None:
        """End the session."""
        ...


class Member:
    """One member of a classic group."""

    def __init__(
        self,
        context: BrokerContext,
        principal: Principal,
        settings: SessionSettings,
        host: Host,
        topics: Callable[[], tuple[str, ...]],
    ) -> None:
        """Be in no group before ``run``.

        Args:
            context: The broker.
            principal: In whose name it joins.
            settings: The session's; they name a group.
            host: The session.
            topics: What it wants to read at the moment.
        """
        assert settings.group is not None, "a member is in a group"
        self._context = context
        self._principal = principal
        self._settings = settings
        self._group = settings.group
        self._host = host
        self._topics = topics
        self._instance_id = settings.name if settings.is_durable else None
        self._member_id = UNKNOWN_MEMBER_ID
        self._asked_id = UNKNOWN_MEMBER_ID
        self._generation = NO_GENERATION
        self._assignors = settings.assignors
        self._given: tuple[TopicPartition, ...] = ()
        self._wanted: tuple[str, ...] = ()
        self._led: dict[str, int] | None = None
        self._led_topics: set[str] = set()
        self._is_asking = False
        """A join or a sync is on its way; the group knows that it lives."""

        self._must_join = asyncio.Event()
        self._settled = asyncio.Event()

    @property
    def identity(self) -> MemberIdentity:
        """As whom its session commits."""
        return MemberIdentity(self._member_id, self._generation, self._instance_id)

    @property
    def is_settled(self) -> bool:
        """Whether it has its assignment, and no newer one is on its way that it knows of."""
        return self._settled.is_set()

    async def settled(self, wait_seconds: float) -> bool:
        """Return whether it has its assignment, after a wait for it."""
        try:
            async with asyncio.timeout(wait_seconds):
                await self._settled.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Be a member until cancelled, or until somebody else has its name."""
        while True:
            self._must_join.clear()
            self._settled.clear()
            is_cooperative = ASSIGNORS[self._assignors[0]].is_cooperative
            gives_up = before_joining(self._host.held, is_cooperative=is_cooperative)
            if gives_up:
                await self._host.revoke(gives_up)
            error, assigned_id = await self._join()
            what = reaction(error)
            if what is Reaction.FENCED:
                self._fenced()
                return
            if what is Reaction.GO_ON:
                if not self._must_join.is_set():
                    self._settled.set()
                await self._must_join.wait()
            else:
                await self._refused(what, error, assigned_id)

    def beat(self) -> None:
        """Say that it lives, and hear whether it must join again."""
        if self._generation == NO_GENERATION or self._is_asking:
            return
        beat = Heartbeat(
            member_id=self._member_id, generation=self._generation, instance_id=self._instance_id
        )
        error = heartbeat(self._context, self._principal, self._group, beat)
        what = reaction(error)
        if what in (Reaction.GO_ON, Reaction.JOIN_LATER, Reaction.REFUSED):
            return
        if what in (Reaction.JOIN_ANEW, Reaction.FENCED):
            self._forget(error)
        elif what is Reaction.JOIN_AGAIN and not self._settled.is_set():
            return  # it is about to join anyway
        self.join_again()

    def join_again(self) -> None:
        """Join again: what it wants to read has changed."""
        self._settled.clear()
        self._must_join.set()

    def metadata_changed(self) -> None:
        """Join again if that changes what it wants, or what it gave out as the leader."""
        image = self._context.image
        led = self._led
        if self._topics() != self._wanted or (
            led is not None and partition_counts(image, self._led_topics) != led
        ):
            self.join_again()

    def leave(self) -> None:
        """Leave the group; the member is over."""
        member_id = self._member_id or self._asked_id
        if self._instance_id is not None and self._member_id == UNKNOWN_MEMBER_ID:
            member_id = UNKNOWN_MEMBER_ID
        elif member_id == UNKNOWN_MEMBER_ID:
            return
        leaving = Leaving(member_id=member_id, instance_id=self._instance_id)
        leave_group(self._context, self._principal, self._group, [leaving])
        self._member_id, self._generation = UNKNOWN_MEMBER_ID, NO_GENERATION
        self._settled.clear()

    # -- joining -------------------------------------------------------------------------------

    def _asks(self) -> Join:
        self._wanted = self._topics()
        self._asked_id = f"{self._settings.client_id}-{uuid4()}"
        rules = self._context.groups.rules
        timeout_ms = max(self._settings.session_timeout_ms, rules.session_timeout_ms_min)
        return Join(
            ticket=0,
            member_id=self._member_id,
            new_member_id=self._asked_id,
            instance_id=self._instance_id,
            client_id=self._settings.client_id,
            client_host="/127.0.0.1",
            session_timeout_ms=min(timeout_ms, rules.session_timeout_ms_max),
            rebalance_timeout_ms=self._settings.rebalance_wait_ms + JOIN_MARGIN_MS,
            protocol_type=PROTOCOL_TYPE,
            protocols=tuple(
                Protocol(name, self._metadata(ASSIGNORS[name])) for name in self._assignors
            ),
            requires_member_id=False,
        )

    async def _join(self) -> tuple[ErrorCode, str]:
        """Join and sync once; return the outcome, and the id that the group has given."""
        self._is_asking = True
        try:
            joined = await join_group(self._context, self._principal, self._group, self._asks())
            if joined.error is not ErrorCode.NONE:
                return joined.error, joined.member_id
            self._member_id, self._generation = joined.member_id, joined.generation
            assignor = ASSIGNORS[joined.protocol_name or self._assignors[0]]
            sync = Sync(
                ticket=0,
                member_id=self._member_id,
                generation=self._generation,
                instance_id=self._instance_id,
                protocol_type=PROTOCOL_TYPE,
                protocol_name=assignor.name,
                assignments=self._lead(assignor, joined),
            )
            synced = await sync_group(self._context, self._principal, self._group, sync)
        finally:
            self._is_asking = False
        if synced.error is not ErrorCode.NONE:
            return synced.error, self._member_id
        self._host.trouble(None)
        await self._take(assignor, synced.assignment)
        if joined.skip_assignment and self._is_outdated():
            self.join_again()
        return ErrorCode.NONE, self._member_id

    def _metadata(self, assignor: Assignor) -> bytes:
        return member_metadata(assignor, self._wanted, by_topic(self._given), self._generation)

    def _lead(self, assignor: Assignor, joined: JoinReply) -> dict[str, bytes]:
        """Return everybody's assignment if this member is to say it."""
        if joined.leader != joined.member_id:
            self._led = None
            return {}
        members = joined.members
        topics = subscribed_topics(PROTOCOL_TYPE, [one.metadata for one in members])
        self._led_topics = topics or set(self._wanted)
        self._led = partition_counts(self._context.image, self._led_topics)
        return {} if joined.skip_assignment else lead(assignor, members, self._led)

    async def _take(self, assignor: Assignor, assignment: bytes) -> None:
        decoded = decode_assignment(assignment)
        partitions = decoded.partitions if decoded is not None else {}
        given = [TopicPartition(topic, one) for topic in partitions for one in partitions[topic]]
        change = after_joining(self._host.held, given, is_cooperative=assignor.is_cooperative)
        self._given = tuple(sorted(given))
        if change.revoked:
            await self._host.revoke(change.revoked)
        if self._generation != NO_GENERATION:  # it may have been lost during the wait
            self._host.take(change.added)
        if change.joins_again:
            self.join_again()

    def _is_outdated(self) -> bool:
        """Whether topics have changed while the leader's server was away (KIP-814).

        The leader of before the crash said who reads what; nobody else looks whether that still
        fits the topics.
        """
        if self._led is None:
            return False
        try:
            described = describe_group(self._context, self._principal, self._group)
        except BrokerError:
            return False
        given = {one for member in described.members for one in member.partitions}
        return given != set(all_partitions(self._led))

    # -- refusals ------------------------------------------------------------------------------

    async def _refused(self, what: Reaction, error: ErrorCode, assigned_id: str) -> None:
        wait_s = 0.0
        if what is Reaction.TAKE_THE_ID:
            self._member_id = assigned_id
        elif what is Reaction.JOIN_ANEW:
            self._forget(error)
        elif what is Reaction.JOIN_LATER:
            wait_s = RETRY_SECONDS
        elif what is Reaction.TRY_ANOTHER_ASSIGNOR:
            other = other_assignors(self._assignors, self._settings.assignors)
            wait_s = RETRY_SECONDS if other is not None else REFUSED_SECONDS
            self._assignors = other or self._assignors
            if other is None or other == self._settings.assignors:
                self._host.trouble(_refusal(error, self._group))
        elif what is Reaction.REFUSED:
            self._host.trouble(_refusal(error, self._group))
            wait_s = REFUSED_SECONDS
        await asyncio.sleep(wait_s)

    def _forget(self, error: ErrorCode) -> None:
        """The group went on without this member: what it held is somebody else's."""
        if error is ErrorCode.UNKNOWN_MEMBER_ID:
            self._member_id = UNKNOWN_MEMBER_ID
        self._generation = NO_GENERATION
        self._given = ()
        self._led = None
        held = tuple(self._host.held)
        if held:
            _logger.warning("group %r went on without %r", self._group, self._settings.name)
            self._host.lose(held)

    def _fenced(self) -> None:
        self._forget(ErrorCode.FENCED_INSTANCE_ID)
        name = self._settings.name
        self._host.end(SessionFenced(f"somebody else has joined group {self._group!r} as {name!r}"))


def _refusal(error: ErrorCode, group: str) -> BrokerError:
    if error is ErrorCode.GROUP_AUTHORIZATION_FAILED:
        return GroupAuthorizationFailed(f"not authorized to READ group {group!r}")
    if error is ErrorCode.GROUP_MAX_SIZE_REACHED:
        return GroupMaxSizeReached(f"group {group!r} has as many members as it may")
    if error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL:
        return GroupRefuses(f"the members of group {group!r} assign in another way")
    return GroupRefuses(f"group {group!r} refuses: {error.name}")
