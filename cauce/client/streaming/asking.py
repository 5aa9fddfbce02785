"""Asking: requests of one subscription that have no answer yet, over as many sockets as it takes.

Invariants:
    A number is given once. A request is answered once: by the server, or by the error that ends
    all.
Called by: async_consumer. Calls: frames.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cauce.client.errors import ClientError, Refused
from cauce.client.streaming.frames import (
    Committed,
    ErrorFrame,
    Ok,
    ServerFrame,
    Sought,
    Start,
    request,
)
from cauce.client.streaming.records import TopicPartition

Answered = Committed | Sought | Ok | ErrorFrame
"""What answers a request."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and what will be its answer."""

    number: int
    frame: dict[str, Any]
    answer: "asyncio.Future[ServerFrame]"
    starts: Sequence[Start] = ()
    """Of a seek."""


class Asking:
    """The requests of one consumer."""

    def __init__(self) -> None:
        self._numbers = 0
        self._requests: dict[int, Request] = {}

    def next_number(self) -> int:
        """Return a number that no request has had."""
        self._numbers += 1
        return self._numbers

    def begin(self, kind: str, **fields: object) -> Request:
        """Return a request that is to be sent."""
        return self._begun(kind, (), fields)

    def begin_seek(self, starts: Sequence[Start]) -> Request:
        """Return a seek that is to be sent; it waits for its answer whoever else does."""
        asked = self._begun("seek", starts, {"positions": [told_start(one) for one in starts]})
        asked.answer.add_done_callback(_looked_at)
        return asked

    def end(self, one: Request) -> None:
        """Forget a request that nobody waits for any more; a seek has an effect all the same."""
        if not one.starts:
            self._requests.pop(one.number, None)

    def unanswered(self) -> list[Request]:
        """Return the requests without an answer, in their order."""
        return list(self._requests.values())

    def settle(self, heard: Answered) -> Request | None:
        """Take in an answer and return what it is of, if that is known."""
        one = self._requests.pop(-1 if heard.id is None else heard.id, None)
        if one is None or one.answer.done():
            return one
        if isinstance(heard, ErrorFrame):
            one.answer.set_exception(refusal(heard))
        else:
            one.answer.set_result(heard)
        return one

    def fail(self, error: ClientError) -> None:
        """Answer all with an error."""
        for one in self.unanswered():
            if not one.answer.done():
                one.answer.set_exception(error)
        self._requests.clear()

    def _begun(self, kind: str, starts: Sequence[Start], fields: dict[str, object]) -> Request:
        number = self.next_number()
        answer: asyncio.Future[ServerFrame] = asyncio.get_running_loop().create_future()
        made = Request(number, request(kind, number, **fields), answer, starts)
        self._requests[number] = made
        return made


def _looked_at(answer: "asyncio.Future[ServerFrame]") -> None:
    """Keep asyncio from complaining about a refusal that nobody waits for."""
    if not answer.cancelled():
        answer.exception()


def refusal(error: ErrorFrame) -> Refused:
    """Return the error that a frame tells of; its status is in its code."""
    status = error.error_code if error.error_code < 1000 else error.error_code // 100
    return Refused(status, error.error_code, error.message)


def told_places(places: Iterable[TopicPartition]) -> list[dict[str, object]]:
    """Return partitions as a request names them."""
    return [{"topic": one.topic, "partition": one.partition} for one in places]


def told_start(start: Start) -> dict[str, object]:
    """Return where to go as a request names it."""
    given = {
        "partition": start.partition,
        "offset": start.offset,
        "timestamp": start.timestamp,
        "last": start.last,
        "from": start.start,
    }
    named: dict[str, object] = {"topic": start.topic}
    return named | {name: value for name, value in given.items() if value is not None}
