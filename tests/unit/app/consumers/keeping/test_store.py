"""The store: what is written is there after a restart, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import CoordinatorNotAvailable, InvalidRequest
from app.broker.topics import delete_topic
from app.consumers.errors import SessionsLoading
from app.consumers.keeping import store as store_module
from app.consumers.keeping.state import SessionState
from app.consumers.keeping.store import SESSIONS_TOPIC, SessionStore
from app.consumers.model import SessionSettings, TopicPartition
from app.coordinators.groups.offsets_topic import partition_for
from app.security.principal import ANONYMOUS
from storage.errors import LogOffline
from storage.format.builder import build_batch


def state(name: str = "n", group: str = "g", epoch: int = 0) -> SessionState:
    settings = SessionSettings(group=group, name=name, is_durable=True)
    return SessionState(settings=settings, epoch=epoch)


class Kept:
    """A store, and what it has told."""

    def __init__(self, context: BrokerContext, tasks: asyncio.TaskGroup) -> None:
        self.loaded: list[SessionState] = []
        self.gone: list[Callable[[str], bool]] = []
        self.store = SessionStore(context, tasks.create_task, self._load, self.gone.append)

    def _load(self, states: Collection[SessionState]) -> None:
        self.loaded += states


@asynccontextmanager
async def running(context: BrokerContext) -> AsyncIterator[Kept]:
    async with asyncio.TaskGroup() as tasks:
        kept = Kept(context, tasks)
        kept.store.start()
        yield kept


def append_raw(context: BrokerContext, group: str, key: bytes, value: bytes) -> None:
    topic = context.topic(SESSIONS_TOPIC)
    replica = context.replicas.get(topic.topic_id, partition_for(group, len(topic.partitions)))
    assert replica is not None
    replica.append_as_leader(build_batch([(0, key, value, ())]), leader_epoch=0, now_ms=0)


async def test_the_last_word_on_each_session_is_found_again(context: BrokerContext) -> None:
    async with running(context) as first:
        await first.store.save(state("a"))
        await first.store.save(state("b"))
        await first.store.save(state("a", epoch=7))
        await first.store.save(state("c", group="h"))
        await first.store.forget(("g", "b"))
    async with running(context) as second:
        await second.store.ready("g")
        await second.store.ready("h")

    assert sorted(one.settings.name for one in second.loaded) == ["a", "c"]
    assert state("a", epoch=7) in second.loaded
    topic = context.topic(SESSIONS_TOPIC)
    assert (topic.is_internal, topic.configs["cleanup.policy"]) == (True, "compact")


async def test_nothing_is_known_before_the_start_and_everything_where_nothing_was_kept(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LOADING_SECONDS_MAX", 0.02)
    async with asyncio.TaskGroup() as tasks:
        kept = Kept(context, tasks)
        with pytest.raises(SessionsLoading):
            await kept.store.ready("g")
        kept.store.start()
        await kept.store.ready("g")

    assert SESSIONS_TOPIC not in context.image.topics


async def test_a_record_that_cannot_be_read_costs_only_its_own_session(
    context: BrokerContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(context) as first:
        await first.store.save(state("a"))
    append_raw(context, "g", b'["session","g","b"]', b"{}")
    append_raw(context, "g", b"nonsense", b"{}")
    async with running(context) as second:
        await second.store.ready("g")

    assert second.loaded == [state("a")]
    assert caplog.text.count("cannot be read") == 2


async def test_a_partition_that_is_damaged_says_so_and_is_not_written(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(context) as first:
        await first.store.save(state())

    def damaged(*_: object, **__: object) -> None:
        raise LogOffline("damaged")

    topic = context.topic(SESSIONS_TOPIC)
    replica = context.replicas.get(topic.topic_id, partition_for("g", len(topic.partitions)))
    monkeypatch.setattr(replica, "locate", damaged)
    async with running(context) as second:
        with pytest.raises(CoordinatorNotAvailable):
            await second.store.save(state("b"))
        await second.store.save(state("b", group="h"))

    assert second.loaded == []


async def test_sessions_go_with_their_topic(context: BrokerContext) -> None:
    async with running(context) as kept:
        await kept.store.save(state())
        await delete_topic(context, ANONYMOUS, SESSIONS_TOPIC)
        assert any(is_gone("g") for is_gone in kept.gone)
        await kept.store.save(state("b"))
    async with running(context) as second:
        await second.store.ready("g")

    assert second.loaded == [state("b")]


async def test_a_session_that_is_too_large_to_be_written_is_refused(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "RECORD_BYTES_MAX", 3_000)
    many = tuple(TopicPartition("t", number) for number in range(1_000))
    async with running(context) as kept:
        with pytest.raises(InvalidRequest):
            await kept.store.save(replace(state(), assigned=many))


async def test_a_disk_that_refuses_is_told(context: BrokerContext) -> None:
    async with running(context) as kept:
        await kept.store.save(state())
        topic = context.topic(SESSIONS_TOPIC)
        replica = context.replicas.get(topic.topic_id, partition_for("g", len(topic.partitions)))
        assert replica is not None
        replica.fence("the disk failed")

        with pytest.raises(Exception, match="no coordinator at the moment"):
            await kept.store.save(state(epoch=1))
