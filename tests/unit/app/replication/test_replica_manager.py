"""Replica manager: partitions follow the image, logs follow the partitions."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.errors import KafkaStorageError
from app.broker.produce import produce
from app.broker.topics import NewTopic, add_partitions, create_topic, delete_topic
from app.security.principal import ANONYMOUS
from app.settings import Settings
from app.wiring import running_node
from storage.errors import LogOffline
from tests.support.broker import append, offsets, running_broker


async def test_partitions_are_what_the_image_assigns(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        topic_id = context.topic("t").topic_id
        assert set(context.replicas.partitions) == {(topic_id, 0), (topic_id, 1)}

        await add_partitions(context, ANONYMOUS, "t", 3)
        assert context.replicas.get(topic_id, 2) is not None

        await delete_topic(context, ANONYMOUS, "t")
        assert context.replicas.partitions == {}


async def test_deleted_topic_loses_its_files_and_its_waiters(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        await append(context, b"v")
        partition = context.replicas.get(context.topic("t").topic_id, 0)
        assert partition is not None

        await delete_topic(context, ANONYMOUS, "t")

        with pytest.raises(LogOffline, match="was deleted"):
            partition.locate(0, 100)
        await create_topic(context, ANONYMOUS, NewTopic(name="t", partition_count=1))
        assert [found[1] for found in await append(context, b"w")] == [0]


async def test_log_that_no_metadata_names_is_left_alone(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        await append(context, b"v")
        image = replace(context.image, topics={})

        context.replicas.report_unknown_logs(image)
        context.replicas.delete_leftovers([])

        topic_id = context.topic("t").topic_id
        assert (tmp_path / "data" / "logs" / topic_id).is_dir()


async def test_records_are_there_after_a_restart(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        await append(context, b"a", b"b")
    settings = Settings(data_dir=tmp_path / "data", http_port=0, kafka_port=0)
    async with running_node(settings) as node:
        assert [found[1] for found in await append(node.context, b"c")] == [2]


def in_two_directories(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", log_dirs=(tmp_path / "a", tmp_path / "b"))


async def test_directory_that_fails_takes_only_its_own_partitions(tmp_path: Path) -> None:
    async with running_node(in_two_directories(tmp_path)) as node:
        context = node.context
        await create_topic(context, ANONYMOUS, NewTopic(name="t", partition_count=3))
        for partition in range(2):
            await append(context, b"v", partition=partition)
        replicas = context.replicas
        bad, good = (replicas.get(context.topic("t").topic_id, number) for number in range(2))
        assert bad is not None
        assert good is not None
        assert bad.commit is not None
        assert bad.commit is not good.commit

        bad.commit.fence("the disk is broken")

        assert replicas.fenced is None
        assert replicas.offline_directories == {tmp_path / "a": "the disk is broken"}
        (refused,) = await append(context, b"w")
        assert isinstance(refused, KafkaStorageError)
        assert bad.locate(0, 1000) is not None
        for partition in (1, 2):
            assert offsets(await append(context, b"w", partition=partition))
        replicas.checkpoint()

        assert good.commit is not None
        good.commit.fence("and the other too")
        assert replicas.fenced == "the disk is broken"


async def test_no_second_log_is_begun_for_one_that_may_be_in_a_directory_that_is_away(
    tmp_path: Path,
) -> None:
    chosen = in_two_directories(tmp_path)
    async with running_node(chosen) as node:
        await create_topic(node.context, ANONYMOUS, NewTopic(name="t", partition_count=2))
        for partition in range(2):
            await append(node.context, b"v", partition=partition)
    (tmp_path / "b").rename(tmp_path / "unplugged")
    (tmp_path / "b").write_bytes(b"")

    async with running_node(chosen) as node:
        (refused,) = await append(node.context, b"w", partition=1)
        assert isinstance(refused, KafkaStorageError)
        topic_id = node.context.topic("t").topic_id
        replica = node.context.replicas.get(topic_id, 1)
        assert replica is not None
        with pytest.raises(LogOffline, match=f"its log may lie in.*{tmp_path / 'b'}"):
            replica.locate(0, 1)
        assert list(node.context.replicas.offline_directories) == [tmp_path / "b"]
        assert offsets(await append(node.context, b"w", partition=0)) == [1]
        await create_topic(node.context, ANONYMOUS, NewTopic(name="new", partition_count=1))
        records = [((0, None, b"v", ()), None)]
        assert offsets(await produce(node.context, ANONYMOUS, "new", records)) == [0]

    (tmp_path / "b").unlink()
    (tmp_path / "unplugged").rename(tmp_path / "b")
    async with running_node(chosen) as node:
        assert offsets(await append(node.context, b"w", partition=1)) == [1]
