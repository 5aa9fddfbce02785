"""Replica manager: partitions follow the image, logs follow the partitions."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.topics import NewTopic, add_partitions, create_topic, delete_topic
from app.security.principal import ANONYMOUS
from storage.errors import LogOffline
from tests.support.broker import append, running_broker


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
    from app.settings import Settings
    from app.wiring import running_node

    settings = Settings(data_dir=tmp_path / "data", http_port=0, kafka_port=0)
    async with running_node(settings) as node:
        assert [found[1] for found in await append(node.context, b"c")] == [2]
