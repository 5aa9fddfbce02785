"""Producer: ``AsyncProducer`` for programs without an event loop.

Every call is that of the same name there, which a test holds it to.

Called by: users. Calls: async_producer, background_loop.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self, Unpack

from cauce.client.address import DEFAULT_URL
from cauce.client.credentials import Login
from cauce.client.streaming.async_producer import AsyncProducer
from cauce.client.streaming.background_loop import Twin
from cauce.client.streaming.records import Headers, NewRecord
from cauce.client.streaming.sending import Bounds, Outcome, Receipt


class Producer:
    """Writes records; use it in a ``with`` block, from as many threads as you like."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        bounds: Bounds | None = None,
        partitions_of: Callable[[str], int] | None = None,
        **login: Unpack[Login],
    ) -> None:
        """Prepare; nothing is sent yet. The arguments are those of ``AsyncProducer``."""

        def build() -> AsyncProducer:
            return AsyncProducer(url, bounds=bounds, partitions_of=partitions_of, **login)

        self._twin = Twin(build)

    def __enter__(self) -> Self:
        """Connect."""
        self._twin.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End, once all that was taken has its receipt or its error."""
        if self._twin.is_open():
            self._twin.leave(self._producer.close())

    def produce(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Receipt:
        """Write a record and return where it is, once it is on disk."""
        record = NewRecord(value, key, headers, partition, timestamp)
        (outcome,) = self.produce_many(topic, [record])
        if not isinstance(outcome, Receipt):
            raise outcome
        return outcome

    def produce_many(self, topic: str, records: Iterable[NewRecord]) -> Sequence[Outcome]:
        """Write records and return what became of each: a receipt, or why there is none."""
        return self._twin.run(self._producer.produce_many(topic, records))

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> "Future[Receipt]":
        """Take a record and return what becomes of it; waits only for room."""
        found: Future[Receipt] = Future()

        async def send() -> None:
            pending = await self._producer.send(
                topic, value, key=key, headers=headers, partition=partition, timestamp=timestamp
            )
            pending.add_done_callback(tell)

        def tell(pending: "asyncio.Future[Receipt]") -> None:
            error = pending.exception()
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(pending.result())

        self._twin.run(send())
        return found

    def flush(self) -> None:
        """Return when nothing is on its way any more."""
        self._twin.run(self._producer.flush())

    @property
    def _producer(self) -> AsyncProducer:
        return self._twin.client
