"""All sessions of this node: made, found, deleted, expired when nobody uses them.

Durable ones are read at the start and go on; doors that ask meanwhile wait for that.

Invariants:
    A name is one session's in its group, whatever happens between two calls.
    There are never more than ``sessions_max`` sessions, nor more than ``sessions_per_group_max``
    in a group.
Called by: the doors, wiring. Calls: session.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass

from app.broker.context import DEBT_MS_MAX, BrokerContext
from app.broker.errors import BrokerError
from app.cluster.database import to_its_end
from app.cluster.metadata_image import MetadataImage
from app.consumers.errors import (
    SessionExists,
    SessionNotFound,
    SessionsLoading,
    TooManySessions,
)
from app.consumers.keeping.records import SessionKey, key_of
from app.consumers.keeping.state import SessionState
from app.consumers.keeping.store import SessionStore
from app.consumers.membership.subscriber import Shared
from app.consumers.model import Polled, SessionSettings
from app.consumers.reading.read_ahead import READ_AHEAD_BYTES_MAX, ReadAheadBudget
from app.consumers.reading.shared_reads import SharedReads
from app.consumers.session import Session
from app.security.acls import Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType

_logger = logging.getLogger(__name__)

BEATS_AT_ONCE = 100
"""Members that beat before others are let in."""

STOP_SECONDS_MAX = 5.0
"""How long the end of a node waits for its sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsLimits:
    """Bounds of all sessions of a node."""

    sessions_max: int = 10_000
    sessions_per_group_max: int = 1_000
    read_ahead_bytes_max: int = READ_AHEAD_BYTES_MAX
    sweep_interval_ms: int = 1_000
    """How often idle sessions are looked for, and commits that are due by themselves."""

    beat_interval_ms: int = 500
    """How often members beat; so soon they hear that their group is rebalanced."""


class Sessions:
    """The sessions of a node."""

    def __init__(self, context: BrokerContext, limits: SessionsLimits | None = None) -> None:
        """Hold none."""
        self._context = context
        self._limits = limits or SessionsLimits()
        budget = ReadAheadBudget(self._limits.read_ahead_bytes_max)
        self._shared = Shared(budget, SharedReads(), context.matched_topics, self._spawn)
        self._store = SessionStore(context, self._spawn, self._loaded, self._gone)
        self._making: set[SessionKey] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self._named: dict[SessionKey, Session] = {}
        self._unnamed: set[Session] = set()

    def __len__(self) -> int:
        return len(self._named) + len(self._unnamed)

    async def run(self) -> None:
        """Look after the sessions until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._store.start()
                self._context.metadata.subscribe(self._metadata_changed)
                tasks.create_task(self._beat(), name="session-beats")
                while True:
                    await asyncio.sleep(self._limits.sweep_interval_ms / 1000)
                    await self.sweep()
        finally:
            self._tasks = None

    async def _beat(self) -> None:
        """Tell groups that their members live, a few at a time."""
        while True:
            await asyncio.sleep(self._limits.beat_interval_ms / 1000)
            for number, session in enumerate(self._all()):
                session.beat()
                if number % BEATS_AT_ONCE == BEATS_AT_ONCE - 1:
                    await asyncio.sleep(0)

    def require_quota(self, principal: Principal) -> None:
        """Refuse a poll while the principal has fetched far too much.

        Raises:
            ThrottlingQuotaExceeded: It has.
        """
        self._context.require_quota(principal, QuotaType.FETCH, up_to_ms=DEBT_MS_MAX)

    def require_read(self, principal: Principal, polled: Polled) -> None:
        """Refuse records to who asked for them, if its session has acted for another since.

        Raises:
            TopicAuthorizationFailed: The principal may not READ a topic among them.
        """
        for name in {one.topic_partition.topic for one in polled.slices}:
            self._context.require_topic(principal, Operation.READ, name)

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        if self._tasks is None:
            coroutine.close()
            raise SessionsLoading("sessions are not at work yet, or not any more")
        return self._tasks.create_task(coroutine)

    def _all(self) -> tuple[Session, ...]:
        return (*self._named.values(), *self._unnamed)

    @to_its_end
    async def create(self, settings: SessionSettings, principal: Principal) -> Session:
        """Make a session; with a group and a name it can be found again by them.

        A durable one is written down before this returns. A client that leaves meanwhile does not
        stop that: its session is there, and ends when nobody uses it.

        Args:
            settings: As the client chose.
            principal: Needs READ on the group.

        Raises:
            SessionExists: The group has one of that name.
            TooManySessions: There is no room for one more.
            BrokerError: The principal may not, or it could not be written down.
        """
        key = key_of(settings)
        if settings.group is not None:
            self._context.require_group(principal, Operation.READ, settings.group)
            await self._store.ready(settings.group)
        if key is not None and (key in self._named or key in self._making):
            raise SessionExists(f"group {key[0]!r} has a consumer instance {key[1]!r}")
        self._check_room(settings.group)
        state = SessionState(settings=settings, principal=principal)
        if key is None:
            session = self._session(state)
            self._unnamed.add(session)
            return session
        self._making.add(key)
        try:
            if settings.is_durable:
                await self._store.save(state)
            session = self._named[key] = self._session(state)
        finally:
            self._making.discard(key)
        return session

    async def get(self, group: str, name: str, principal: Principal) -> Session:
        """Return a session, which acts for the principal from then on.

        Raises:
            SessionNotFound: There is none of that name in the group.
            BrokerError: The principal may not READ the group, or another node has its sessions.
        """
        self._context.require_group(principal, Operation.READ, group)
        await self._store.ready(group)
        found = self._named.get((group, name))
        if found is None or found.state.principal != principal:
            raise SessionNotFound(f"group {group!r} has no consumer instance {name!r}")
        found.act_as(principal)
        return found

    async def delete(self, group: str, name: str, principal: Principal) -> None:
        """End a session for good.

        Raises:
            SessionNotFound: There is none of that name in the group.
            BrokerError: The principal may not, or it could not be written down: it answers nobody,
                but its name is taken until it is deleted again.
        """
        await self.close(await self.get(group, name, principal))

    @to_its_end
    async def close(self, session: Session, *, has_all: bool = True) -> None:
        """End a session for good; see ``Session.close``."""
        await session.close(has_all=has_all)
        key = key_of(session.settings)
        if key is not None and self._named.get(key) is session:
            if session.settings.is_durable:
                await self._store.forget(key)
            self._named.pop(key, None)
        self._unnamed.discard(session)

    async def stop(self) -> None:
        """End in good order: what is due is committed, and who is not durable leaves its group."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await asyncio.gather(*(one.stop() for one in self._all()), return_exceptions=True)

    async def sweep(self) -> None:
        """Commit what is due, end what nobody has used for too long."""
        for session in self._all():
            try:
                await session.tick()
                if session.idle_seconds * 1000 >= session.settings.idle_timeout_ms:
                    _logger.info("session %r of group %r: nobody uses it", *_names(session))
                    await self.close(session, has_all=False)
            except BrokerError as error:
                _logger.warning("session %r of group %r: %s", *_names(session), error)

    def _session(self, state: SessionState) -> Session:
        return Session(self._context, state, self._store.save, self._shared)

    def _loaded(self, states: Collection[SessionState]) -> None:
        """Let sessions go on that were there before."""
        for state in states:
            key = key_of(state.settings)
            assert key is not None, "a durable session has a name"
            session = self._named[key] = self._session(state)
            session.start()

    def _gone(self, is_gone: Callable[[str], bool]) -> None:
        """Let go of sessions that another node has, or nobody."""
        for key in tuple(self._named):
            session = self._named[key]
            if session.settings.is_durable and is_gone(key[0]):
                session.abandon()
                del self._named[key]

    def _check_room(self, group: str | None) -> None:
        limits = self._limits
        if len(self) + len(self._making) >= limits.sessions_max:
            raise TooManySessions(f"there are {len(self)} sessions, as many as there may be")
        of_group = sum(1 for one in self._named if one[0] == group)
        if of_group >= limits.sessions_per_group_max:
            raise TooManySessions(f"group {group!r} has {of_group} sessions, as many as it may")

    def _metadata_changed(self, _old: MetadataImage | None, _new: MetadataImage) -> None:
        for session in self._all():
            session.metadata_changed()


def _names(session: Session) -> tuple[str, str | None]:
    return session.settings.name, session.settings.group
