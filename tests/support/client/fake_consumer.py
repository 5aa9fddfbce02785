"""A consumer over the topics of a ``FakeRestServer``, in memory, for the command line."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import msgspec

from cauce.client.errors import ClientError
from cauce.client.streaming.codec import Batch, Slice
from cauce.client.streaming.frames import Assign, FilterCounts, Wish
from cauce.client.streaming.reading import Assigned, Ended, Event
from cauce.client.streaming.records import NewRecord, TopicPartition
from tests.support.client.columns import columns_of
from tests.support.fake_rest_server import FakeRestServer

Step = Event | ClientError | Callable[[], None] | None


class FakeConsumer:
    """Reads what is there; before that, it does what its steps say."""

    def __init__(self, server: FakeRestServer, wish: Wish, *, as_json: bool = False) -> None:
        self.server = server
        self.wish = wish
        self.as_json = as_json
        self.steps: list[Step] = []
        """What the next polls come to: an event, None for nothing in time, or an error; what can be
        called is called first."""

        self.commits: list[dict[TopicPartition, int]] = []
        self.commit_errors: list[ClientError] = []
        self.released = 0
        self.is_open = False
        self.counts: FilterCounts | None = None
        self._at: dict[TopicPartition, int] | None = None

    def __enter__(self) -> Self:
        self.is_open = True
        if not isinstance(self.wish, Assign):
            self._at = {}
            mine = [TopicPartition(t, n) for t in self.wish.topics for n in self._numbers(t)]
            self.steps.insert(0, Assigned(mine))
            self._at = dict.fromkeys(mine, 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.is_open = False

    def poll(self, timeout_s: float | None = None) -> Event | None:
        del timeout_s
        assert self.is_open
        if self._at is None:
            self._at = self._starts()
        while self.steps:
            step = self.steps.pop(0)
            if isinstance(step, ClientError):
                raise step
            if not callable(step):
                return step
            step()
        slices = [one for place in self._at if (one := self._slice(place)) is not None]
        if slices:
            return Batch(slices=slices, filter=self.counts)
        return Ended() if isinstance(self.wish, Assign) and self.wish.until else None

    def commit(
        self, offsets: Mapping[TopicPartition, int], *, timeout_s: float | None = None
    ) -> None:
        del timeout_s
        if self.commit_errors:
            raise self.commit_errors.pop(0)
        self.commits.append(dict(offsets))

    def release(self) -> None:
        self.released += 1

    def _numbers(self, topic: str) -> range:
        return range(len(self.server.topics[topic].partitions))

    def _starts(self) -> dict[TopicPartition, int]:
        assert isinstance(self.wish, Assign)
        found = {}
        for start in self.wish.partitions:
            numbers = self._numbers(start.topic) if start.partition is None else [start.partition]
            for number in numbers:
                end = len(self.server.topics[start.topic].partitions[number])
                at = end if start.start == "latest" else start.offset or 0
                if start.last is not None:
                    at = max(0, end - start.last)
                found[TopicPartition(start.topic, number)] = at
        return found

    def _slice(self, place: TopicPartition) -> Slice | None:
        assert self._at is not None
        records = self.server.topics[place.topic].partitions[place.partition]
        first, end = self._at[place], len(records)
        if self.wish.frame_records_max is not None:
            end = min(end, first + self.wish.frame_records_max)
        if first >= end:
            return None
        self._at[place] = end
        common: dict[str, Any] = {
            "topic": place.topic,
            "partition": place.partition,
            "epoch": 1,
            "count": end - first,
            "next_offset": end,
            "high_watermark": len(records),
        }
        if self.as_json:
            texts = [self._text(offset, records[offset]) for offset in range(first, end)]
            return Slice(**common, texts=texts)
        rows = [NewRecord(one["value"], one["key"]) for one in records[first:end]]
        return Slice(**common, data=columns_of(first, rows))

    def _text(self, offset: int, record: dict[str, Any]) -> msgspec.Raw:
        shown = {
            "offset": offset,
            "timestamp": 1_795_464_180_000,
            "key": _data(record["key"], self.wish.key_type),
            "value": _data(record["value"], self.wish.value_type),
            "headers": record["given"].get("headers", []),
        }
        return msgspec.Raw(json.dumps(shown).encode())


class FakeConsumers:
    """Makes consumers; remembers them, and what they were asked for."""

    def __init__(self, server: FakeRestServer) -> None:
        self.server = server
        self.made: list[FakeConsumer] = []
        self.steps: list[Step] = []
        self.counts: FilterCounts | None = None
        self.logins: list[dict[str, Any]] = []

    def __call__(
        self,
        wish: Wish,
        url: str,
        *,
        as_json: bool,
        auto_commit: bool,
        give_up_s: float | None,
        **login: Any,
    ) -> FakeConsumer:
        del url, give_up_s
        assert not auto_commit
        self.logins.append(login)
        one = FakeConsumer(self.server, wish, as_json=as_json)
        one.steps, one.counts = list(self.steps), self.counts
        self.made.append(one)
        return one


def _data(data: bytes | None, kind: str | None) -> dict[str, str] | None:
    if data is None:
        return None
    if kind == "BINARY":
        return {"type": "BINARY", "data": base64.b64encode(data).decode()}
    return {"type": "STRING", "data": data.decode()}
