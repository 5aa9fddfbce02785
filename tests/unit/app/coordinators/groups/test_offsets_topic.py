from pathlib import Path

import pytest

from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC, OffsetsTopic, partition_for
from tests.support.broker import running_broker


@pytest.mark.parametrize(
    ("group_id", "java_hash"),
    [
        ("", 0),
        ("a", 97),
        ("negative-hash-9", -1704008750),
        ("polygenelubricants", -(2**31)),
        ("hello", 99162322),
        ("\U0001f600", 0xD83D * 31 + 0xDE00),
    ],
)
def test_partition_is_javas_hash_modulo_their_number(group_id: str, java_hash: int) -> None:
    expected = 0 if java_hash == -(2**31) else abs(java_hash) % 50

    assert partition_for(group_id, 50) == expected


async def test_topic_is_made_once_and_then_found(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        topic = OffsetsTopic(broker.catalog, broker.metadata, 3)
        before = topic.topic

        made = await topic.ensure()

        assert before is None
        assert (made.name, len(made.partitions), made.replication_factor) == (OFFSETS_TOPIC, 3, 1)
        assert (made.is_internal, await topic.ensure()) == (True, made)
        assert topic.topic is made
