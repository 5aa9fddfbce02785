"""Connection: one socket from its welcome to its close.

States: open -> closing -> closed. While open three kinds of tasks run: the reader (one frame after
another), the writer of what waits in the outbox, and one sender for each subscription; produces and
commits are tasks of their own, so that a frame need not wait for the disk of the one before. Any of
them ends the socket by raising ``Closing``.

Invariants:
    Frames are begun in the order in which they came; receipts leave in that order.
    Nothing more is read while what waits to be answered is at its bounds.
    When it ends no task of it is left, and the sessions of its groups live on unless the client
    said that it is done.
Called by: door. Calls: everything else here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from app.api.errors import ApiError, status_and_code
from app.api.request_body import Message, Receive
from app.api.ws.client_frames import (
    Ack,
    Assign,
    Auth,
    ClientFrame,
    Commit,
    GrantCredit,
    InitProducer,
    Pause,
    Produce,
    Release,
    Resume,
    Seek,
    Subscribe,
    Unpause,
    Unsubscribe,
)
from app.api.ws.close_codes import ADVICE, CloseCode, Closing
from app.api.ws.codec import (
    BEAT,
    BadFrame,
    Subprotocol,
    decode_binary,
    decode_text,
    encode_frame,
)
from app.api.ws.commits import committing
from app.api.ws.limits import (
    HEARTBEAT_SECONDS,
    IDLE_SECONDS_MAX,
    SUBSCRIPTIONS_MAX,
)
from app.api.ws.opening import Opened, Opener
from app.api.ws.outbox import Outbox
from app.api.ws.producing import Producer, check_frame
from app.api.ws.receipts import ReceiptWindow
from app.api.ws.server_frames import (
    ClosingOut,
    Error,
    Ok,
    Receipt,
    Run,
    ServerFrame,
    Sought,
    Subscribed,
)
from app.api.ws.server_frames import Producer as ProducerOut
from app.api.ws.subscription import Subscription
from app.broker.context import BrokerContext
from app.broker.errors import BrokerError
from app.consumers.model import TopicPartition
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType

_logger = logging.getLogger(__name__)

COMMITS_MAX = 64
"""Commits of one socket that are on their way to the disk."""

LEFT = (1000, 1001)
"""A client that closes with these is done: its members leave their groups."""


class Connection:
    """One socket."""

    def __init__(
        self,
        context: BrokerContext,
        principal: Principal,
        subprotocol: Subprotocol,
        opener: Opener,
        producer: Producer,
        outbox: Outbox,
    ) -> None:
        """Serve a socket that was accepted."""
        self._context = context
        self._principal = principal
        self._subprotocol = subprotocol
        self._opener = opener
        self._producer = producer
        self._outbox = outbox
        self._window = ReceiptWindow()
        self._window_room = asyncio.Event()
        self._commits = asyncio.Semaphore(COMMITS_MAX)
        self._subscriptions: dict[str, Subscription] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup
        self._used = context.clock.monotonic()
        self._has_left = False
        self._resume: dict[str, str] = {}
        self.renew: Callable[[str], Awaitable[None]] = _nobody_asks
        """Has the socket stand on another token of the same party."""

        self.fencing: dict[tuple[str, str], Connection] = {}
        """Whose socket each member of a group has; one for all sockets of the node."""

    # -- its life --------------------------------------------------------------------------------

    async def run(self, receive: Receive, first: ClientFrame | None = None) -> Closing | None:
        """Serve until either side ends it.

        Args:
            receive: Gives the messages of the client.
            first: A frame to begin with, as if it had come.

        Returns:
            Why the server ends it; None if the client has.
        """
        closing: Closing | None = None
        try:
            async with asyncio.TaskGroup() as self._tasks:
                writer = self._tasks.create_task(self._outbox.run())
                beating = self._tasks.create_task(self._beat())
                try:
                    if first is not None:
                        await self._handle(first)
                    await self._read(receive)
                finally:
                    for task in (writer, beating, *self._senders.values()):
                        task.cancel()
                # Produces and commits that are under way are waited for: they are on their way
                # to the disk, and their tasks are short.
        except* Closing as group:
            closing = next(_leaves(group))
        finally:
            await self._end_subscriptions()
        return closing

    def end(self, code: CloseCode, reason: str) -> None:
        """End it from outside."""

        async def raising() -> None:
            raise Closing(code, reason)

        work = raising()
        try:
            self._tasks.create_task(work)
        except RuntimeError:  # it is ending already
            work.close()

    def goodbye(self, closing: Closing) -> bytes:
        """Return the frame that says why the socket is about to be closed."""
        return encode_frame(
            ClosingOut(
                code=closing.code,
                reason=closing.reason,
                retry_ms=ADVICE[closing.code].retry_ms,
                resume=self._resume,
            )
        )

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self._has_left = message.get("code") in LEFT
                return
            self._used = self._context.clock.monotonic()
            await self._outbox.wait_room()
            if self._context.quotas.measures_time:
                await self._context.wait_out(self._principal, QuotaType.REQUEST)
            await self._measured(self._take(message))

    async def _take(self, message: Message) -> None:
        text = message.get("text")
        try:
            if text is None:
                await self._take_binary(message["bytes"])
            elif text == BEAT:
                self._outbox.put(BEAT.encode())
            else:
                await self._take_text(text)
        except BadFrame as error:
            if error.frame_id is None:
                raise Closing(CloseCode.BAD_FRAME, str(error)) from None
            self._put(Error(id=error.frame_id, error_code=400, message=str(error)))

    async def _beat(self) -> None:
        """Give the client signs of life that a browser can see; end a socket that nobody uses."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self._outbox.put(BEAT.encode())
            for one in self._subscriptions.values():
                one.session.assignment()  # shows that it is in use
            idle_seconds = self._context.clock.monotonic() - self._used
            if (
                not self._subscriptions
                and not len(self._window)
                and idle_seconds > IDLE_SECONDS_MAX
            ):
                raise Closing(CloseCode.TOO_SLOW, "nothing was asked for")

    # -- frames ----------------------------------------------------------------------------------

    async def _take_text(self, text: str) -> None:
        frame = decode_text(text)
        if isinstance(frame, Produce):
            check_frame(frame)
            await self._produce(
                frame.id, frame.topic, self._producer.produce_json(frame), len(text)
            )
        else:
            await self._handle(frame)

    async def _take_binary(self, data: bytes) -> None:
        if self._subprotocol is not Subprotocol.BINARY:
            raise Closing(
                CloseCode.UNSUPPORTED_DATA, f"binary frames are {Subprotocol.BINARY.value}'s"
            )
        kind, header, payload = decode_binary(data)
        check_frame(header)
        runs = self._producer.produce_binary(kind, header, payload)
        await self._produce(header.id, header.topic, runs, len(data))

    async def _handle(self, frame: ClientFrame) -> None:
        """Do what a frame asks for, and answer."""
        try:
            answer = await self._answer(frame)
        except ApiError as error:
            answer = Error(id=frame.id, error_code=error.error_code, message=error.message)
        except BrokerError as error:
            answer = _refused(frame.id, error)
        if answer is not None:
            self._put(answer)

    async def _answer(self, frame: ClientFrame) -> ServerFrame | None:
        if isinstance(frame, Subscribe | Assign | Resume):
            await self._open(frame)
            return None
        if isinstance(frame, InitProducer):
            producer_id, epoch = await self._producer.init()
            return ProducerOut(id=frame.id, producer_id=producer_id, epoch=epoch)
        if isinstance(frame, Auth):
            await self.renew(frame.token)
            return Ok(id=frame.id)
        subscription = self._find(frame)
        if isinstance(frame, Commit):
            await self._commits.acquire()
            self._tasks.create_task(self._commit(frame, subscription))
            return None
        if isinstance(frame, Seek):
            is_committed = subscription.session.settings.is_committed
            positions = self._opener.positions(frame.positions, is_committed=is_committed)
            epoch = await subscription.seek(positions)
            return Sought(id=frame.id, sub=subscription.name, epoch=epoch)
        if isinstance(frame, Unsubscribe):
            await self._close(subscription)
        else:
            _apply(frame, subscription)
        return None if frame.id is None else Ok(id=frame.id, sub=subscription.name)

    def _find(self, frame: ClientFrame) -> Subscription:
        name: str = getattr(frame, "sub", "")
        found = self._subscriptions.get(name)
        if found is None:
            raise ApiError(404, 40404, f"there is no subscription {name!r}")
        return found

    # -- subscriptions ---------------------------------------------------------------------------

    async def _open(self, frame: Subscribe | Assign | Resume) -> None:
        if frame.sub in self._subscriptions:
            raise ApiError(409, 40901, f"there is a subscription {frame.sub!r}")
        if len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
            raise ApiError(429, 42901, f"a socket has at most {SUBSCRIPTIONS_MAX} subscriptions")
        if isinstance(frame, Subscribe):
            if frame.instance_id:
                self._fence((frame.group, frame.instance_id))  # before its session is ended
            opened = await self._opener.subscribe(frame, self._outbox, self._spawn)
        elif isinstance(frame, Assign):
            opened = await self._opener.assign(frame, self._outbox, self._spawn)
        else:
            opened = await self._opener.resume(frame, self._outbox, self._spawn)
        self._begin(frame.id, opened)

    def _begin(self, frame_id: int | str | None, opened: Opened) -> None:
        subscription = opened.subscription
        name = subscription.name
        if subscription.is_member:
            settings = subscription.session.settings
            key = (str(settings.group), settings.name)
            self._fence(key)
            self.fencing[key] = self
        self._subscriptions[name] = subscription
        self._put(
            Subscribed(
                id=frame_id,
                sub=name,
                epoch=subscription.epoch,
                resumed=opened.resumed,
                reason=opened.reason,
                resume=subscription.token(),
                instance_id=subscription.session.settings.name or None,
            )
        )
        if (
            opened.came_back
            and subscription.is_member
            and (mine := subscription.session.assignment())
        ):
            subscription.assigned(mine, subscription.session.epoch)
        subscription.on_end = lambda: self._retire(subscription)
        sending = self._context.measured(self._principal, subscription.run())
        self._senders[name] = self._tasks.create_task(sending)

    def _fence(self, key: tuple[str, str]) -> None:
        """End the socket that has a group's instance id now, if it is another one."""
        before = self.fencing.get(key)
        if before is not None and before is not self:
            before.end(CloseCode.FENCED, f"another consumer is {key[1]!r} now")

    def _retire(self, subscription: Subscription) -> None:
        """Forget a subscription that ends by itself; its session ends behind it."""
        self._subscriptions.pop(subscription.name, None)
        self._senders.pop(subscription.name, None)
        self._unfence(subscription)
        self._spawn(self._opener.close(subscription))

    async def _close(self, subscription: Subscription) -> None:
        """End a subscription for good."""
        self._subscriptions.pop(subscription.name, None)
        sender = self._senders.pop(subscription.name, None)
        if sender is not None:
            sender.cancel()
        self._unfence(subscription)
        await self._opener.close(subscription)

    async def _end_subscriptions(self) -> None:
        """Leave groups if the client is done; else let their members wait for it to come back."""
        self._resume = {name: one.token() for name, one in self._subscriptions.items()}
        for subscription in list(self._subscriptions.values()):
            is_mine = self._unfence(subscription)
            if subscription.is_member and not is_mine:
                continue
            if not subscription.is_member or self._has_left:
                await self._opener.close(subscription)
            else:
                subscription.session.listener = None
        self._subscriptions.clear()

    def _unfence(self, subscription: Subscription) -> bool:
        settings = subscription.session.settings
        key = (str(settings.group), settings.name)
        if self.fencing.get(key) is self:
            del self.fencing[key]
            return True
        return False

    async def _commit(self, frame: Commit, subscription: Subscription) -> None:
        try:
            self._put(await committing(frame, subscription))
        except BrokerError as error:
            self._put(_refused(frame.id, error))
        finally:
            self._commits.release()

    # -- produce ---------------------------------------------------------------------------------

    async def _produce(
        self,
        frame_id: int | str | None,
        topic: str,
        appending: Coroutine[None, None, list[Run]],
        size: int,
    ) -> None:
        """Begin a produce once there is room for it in flight."""
        try:
            while not self._window.has_room(size):
                self._window_room.clear()
                await self._window_room.wait()
        except BaseException:
            appending.close()
            raise
        ticket = self._window.enter(size)

        async def finish() -> None:
            receipt = Receipt(id=frame_id, topic=topic, outcomes=await appending)
            for message in self._window.settle(ticket, encode_frame(receipt)):
                self._outbox.put(message)
            self._window_room.set()

        self._tasks.create_task(self._measured(finish()))

    def _spawn(self, work: Coroutine[None, None, None]) -> object:
        return self._tasks.create_task(work)

    def _measured(self, work: Coroutine[None, None, None]) -> Coroutine[Any, Any, None]:
        """Charge for what a frame takes, where that is asked for: there are many."""
        context = self._context
        return context.measured(self._principal, work) if context.quotas.measures_time else work

    def _put(self, frame: ServerFrame) -> None:
        self._outbox.put(encode_frame(frame))


async def _nobody_asks(_token: str) -> None:
    raise ApiError(400, 40002, "nobody is asked here who they are")


def _apply(frame: ClientFrame, subscription: Subscription) -> None:
    """Do what needs no wait."""
    if isinstance(frame, GrantCredit):
        subscription.grant(frame.records, frame.bytes)
    elif isinstance(frame, Ack):
        try:
            subscription.acknowledge(frame.seq)
        except ValueError as error:
            raise ApiError(400, 40002, str(error)) from None
    elif isinstance(frame, Release):
        subscription.release()
    elif isinstance(frame, Pause | Unpause):
        session = subscription.session
        places = [TopicPartition(one.topic, one.partition) for one in frame.partitions]
        chosen = places or session.assignment()
        if isinstance(frame, Pause):
            session.pause(chosen)
        else:
            session.resume(chosen)


def _refused(frame_id: int | str | None, error: BrokerError) -> Error:
    return Error(
        id=frame_id,
        error_code=status_and_code(error)[1],
        message=str(error),
        retriable=error.retriable,
    )


def _leaves(group: BaseExceptionGroup[Closing]) -> Any:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _leaves(one)
        else:
            yield one
