"""Wiring: what a start leaves and takes, in which order things end, what failing halfway leaves."""

import asyncio
import gc
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.produce import produce
from app.broker.topics import NewTopic, create_topic, delete_topic
from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.errors import CatalogError
from app.cluster.metadata_image import MetadataImage
from app.replication.group_commit import GroupCommit
from app.security.acls import Operation, topic
from app.security.principal import ANONYMOUS, Principal
from app.settings import Settings
from app.settings_values import SettingsError
from app.wiring import DATABASE_FILE, Node, build_tls, running_node
from storage.errors import DiskError, LogDirLocked, WrongLogDir
from storage.log import Log
from storage.log_dir import CLEAN_MARK
from storage.log_layout import LOGS
from tests.support.broker import append, offsets


def settings(directory: Path, node_id: int = 1, host: str = "h") -> Settings:
    return Settings(data_dir=directory, node_id=node_id, host=host, http_port=80, num_partitions=3)


async def image_of(directory: Path) -> MetadataImage:
    catalog = await Catalog.open(sqlite_url(directory / DATABASE_FILE))
    try:
        return await catalog.load_image()
    finally:
        await catalog.close()


async def start_and_stop(chosen: Settings) -> None:
    async with running_node(chosen):
        pass


async def test_node_is_registered_as_its_settings_say_before_the_block(tmp_path: Path) -> None:
    async with running_node(settings(tmp_path / "made" / "data", node_id=7)) as node:
        registered = node.context.image.brokers[7]

        assert (registered.host, registered.http_port, registered.kafka_port) == ("h", 80, 9092)
        assert (node.context.node_id, node.context.image.controller_id) == (7, 7)
        assert node.context.limits.default_partitions == 3
        assert not node.background.done()
    assert node.background.done()


async def test_restart_finds_its_records_cluster_and_a_new_epoch(tmp_path: Path) -> None:
    async with running_node(settings(tmp_path)) as node:
        first = node.context.image
        await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=1))
        await append(node.context, b"1", b"2")

    async with running_node(settings(tmp_path)) as node:
        again = node.context.image
        outcomes = await append(node.context, b"3")

    assert again.cluster_id == first.cluster_id
    assert again.brokers[1].broker_epoch > first.brokers[1].broker_epoch
    assert offsets(outcomes) == [2]


async def test_metadata_may_live_elsewhere_than_the_data(tmp_path: Path) -> None:
    elsewhere = tmp_path / "other.db"
    chosen = Settings(data_dir=tmp_path / "data", database_url=sqlite_url(elsewhere))

    await start_and_stop(chosen)

    assert elsewhere.exists()
    assert not (tmp_path / "data" / DATABASE_FILE).exists()


async def test_end_leaves_the_clean_mark_and_a_run_takes_it_away(tmp_path: Path) -> None:
    async with running_node(settings(tmp_path)):
        during = (tmp_path / CLEAN_MARK).exists()

    assert (during, (tmp_path / CLEAN_MARK).exists()) == (False, True)


async def test_what_was_appended_without_waiting_is_durable_at_the_end(tmp_path: Path) -> None:
    async with running_node(settings(tmp_path)) as node:
        topic = NewTopic(name="t", partition_count=1, configs={"flush.messages": "1000000"})
        await create_topic(node.context, ANONYMOUS, topic)
        await append(node.context, b"1")
        (partition,) = node.context.replicas.partitions.values()
        log = partition.log
        assert log is not None
        assert log.durable_end_offset == 0
        durable_ends: list[int] = []
        node.background.add_done_callback(lambda _: durable_ends.append(log.durable_end_offset))

    assert durable_ends == [1]


async def test_second_node_of_a_directory_is_refused_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    async with running_node(settings(tmp_path)) as node:
        await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=1))

        with pytest.raises(LogDirLocked):
            await start_and_stop(settings(tmp_path, node_id=2))

        assert list((await node.context.metadata.refresh()).brokers) == [1]
        assert offsets(await append(node.context, b"v")) == [0]


async def test_directory_of_another_node_is_refused_and_its_metadata_left(tmp_path: Path) -> None:
    await start_and_stop(settings(tmp_path))
    before = await image_of(tmp_path)

    with pytest.raises(WrongLogDir):
        await start_and_stop(settings(tmp_path, node_id=2))

    assert await image_of(tmp_path) == before
    await start_and_stop(settings(tmp_path))


async def test_database_that_refuses_leaves_the_logs_alone(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path / "data", database_url=f"sqlite:///{tmp_path}")

    with pytest.raises(CatalogError):
        await start_and_stop(chosen)

    assert list((tmp_path / "data").iterdir()) == []


async def test_data_directory_that_is_a_file_is_a_failure_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(DiskError):
        await start_and_stop(settings(tmp_path / "data"))


async def test_start_that_fails_after_the_recovery_gives_the_directory_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "deleted_topic_ids", None)
        with pytest.raises(TypeError):
            await start_and_stop(settings(tmp_path))

    await start_and_stop(settings(tmp_path))


async def test_block_that_fails_gives_the_directory_back_and_its_error_on(
    tmp_path: Path,
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with running_node(settings(tmp_path)):
            raise ZeroDivisionError

    await start_and_stop(settings(tmp_path))


async def test_logs_may_lie_in_several_directories_and_are_found_there_again(
    tmp_path: Path,
) -> None:
    log_dirs = (tmp_path / "a", tmp_path / "b")
    chosen = Settings(data_dir=tmp_path / "data", log_dirs=log_dirs)
    for life in range(2):
        async with running_node(chosen) as node:
            if life == 0:
                topic = NewTopic(name="t", partition_count=2)
                await create_topic(node.context, ANONYMOUS, topic)
            for partition in range(2):
                records = [((0, None, b"v", ()), partition)]
                found = await produce(node.context, ANONYMOUS, "t", records)
                assert offsets(found) == [life]

    assert [len(list((path / LOGS).glob("*/t-?"))) for path in log_dirs] == [1, 1]
    assert not (tmp_path / "data" / LOGS).exists()


async def test_data_directory_without_logs_is_held_too(tmp_path: Path) -> None:
    async with running_node(Settings(data_dir=tmp_path / "data", log_dirs=(tmp_path / "a",))):
        with pytest.raises(LogDirLocked):
            await start_and_stop(Settings(data_dir=tmp_path / "data", log_dirs=(tmp_path / "b",)))


async def test_data_directory_that_holds_logs_must_be_a_log_directory(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    await start_and_stop(Settings(data_dir=data))

    with pytest.raises(WrongLogDir, match="log_dirs does not name it"):
        await start_and_stop(Settings(data_dir=data, log_dirs=(other,)))

    await start_and_stop(Settings(data_dir=data, log_dirs=(other, data)))


async def test_cancelled_node_gives_the_directory_back(tmp_path: Path) -> None:
    ready = asyncio.Event()

    async def run() -> None:
        async with running_node(settings(tmp_path)):
            ready.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(run())
    await ready.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert running.cancelled()
    await start_and_stop(settings(tmp_path))


async def test_log_of_a_topic_deleted_while_the_node_was_away_is_deleted_at_its_start(
    tmp_path: Path,
) -> None:
    async with running_node(settings(tmp_path)) as node:
        created = await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=1))
        assert created is not None
        await append(node.context, b"v")
    catalog = await Catalog.open(sqlite_url(tmp_path / DATABASE_FILE))
    await catalog.delete_topic("t")
    await catalog.close()
    before = [one.name for one in (tmp_path / LOGS).iterdir()]

    await start_and_stop(settings(tmp_path))

    assert before == [created.topic_id]
    assert list((tmp_path / LOGS).iterdir()) == []


async def test_log_that_the_metadata_does_not_name_is_reported_and_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_node(settings(tmp_path)) as node:
        created = await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=1))
        assert created is not None
        await append(node.context, b"v")
        await delete_topic(node.context, ANONYMOUS, "t")
        await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=1))
        await append(node.context, b"v")
        kept = node.context.topic("t").topic_id
    catalog = await Catalog.open(sqlite_url(tmp_path / DATABASE_FILE))
    await catalog.delete_topic("t")
    async with catalog._engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM deleted_topics")
    await catalog.close()

    await start_and_stop(settings(tmp_path))

    assert f"topic id {kept} is on disk but not in the metadata" in caplog.text
    assert [one.name for one in (tmp_path / LOGS).iterdir()] == [kept]


class BrokenLog(Log):
    """A log with a mistake of ours in it."""

    def __init__(self) -> None:
        """Hold nothing."""

    def begin_flush(self) -> None:
        raise RuntimeError("our own mistake")


def commit_of(node: Node) -> GroupCommit:
    (commit,) = node.context.replicas._commits.values()
    return commit


async def break_background(node: Node) -> None:
    commit_of(node).request(BrokenLog(), lambda: None)
    await asyncio.wait({node.background}, timeout=10)


async def test_node_whose_background_work_failed_says_why_and_ends_without_hanging(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async with asyncio.timeout(10), running_node(settings(tmp_path)) as node:
        await break_background(node)
        assert node.background.done()

    assert "RuntimeError: our own mistake" in caplog.text
    await start_and_stop(settings(tmp_path))


async def test_node_whose_background_work_ends_while_it_drains_ends_too(tmp_path: Path) -> None:
    async with asyncio.timeout(10), running_node(settings(tmp_path)) as node:
        commit_of(node).request(BrokenLog(), lambda: None)


async def test_end_of_a_node_is_no_failure_of_its_background_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await start_and_stop(settings(tmp_path))

    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_a_node_within_another_program_leaves_its_interpreter_alone(tmp_path: Path) -> None:
    before = sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()

    async with running_node(settings(tmp_path)):
        assert (sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()) == before


async def test_closed_node_makes_its_admin_and_lets_who_is_nobody_do_nothing(
    tmp_path: Path,
) -> None:
    closed = Settings(data_dir=tmp_path, authentication="required")

    async with running_node(closed) as node:
        context = node.context
        assert (tmp_path / "admin.secret").exists()
        assert context.authenticator is not None
        assert not context.authorizer.authorize(ANONYMOUS, Operation.DESCRIBE, topic("t"))
        admin = Principal("admin")
        assert context.authorizer.authorize(admin, Operation.CREATE, topic("t"))


async def test_an_open_node_whose_cluster_has_users_says_so_unless_that_is_meant(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = Settings(data_dir=tmp_path, authentication="required")
    await start_and_stop(closed)
    caplog.clear()

    await start_and_stop(replace(closed, authentication="none", insecure_local=True))
    assert "need not log in" not in caplog.text
    await start_and_stop(replace(closed, authentication="none"))

    assert "this cluster has 1 users, yet clients need not log in" in caplog.text


def test_a_rule_for_names_of_clients_that_does_not_read_is_refused_by_its_setting() -> None:
    with pytest.raises(
        SettingsError, match=r"ssl_principal_mapping_rules must be RULE:.*'RULE:\('"
    ):
        build_tls(Settings(ssl_principal_mapping_rules="RULE:("))
