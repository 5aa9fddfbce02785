"""Committed offsets through the bytes of old and new versions."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.coordinators.groups.error_codes import ErrorCode
from app.security.acls import Operation
from app.wire.messages.group_offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
)
from tests.support.broker import Guards, guarded, running_broker
from tests.support.groups.calls import stable_group
from tests.support.wire_calls import ask

UNKNOWN_TOPIC = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
COMMIT = OffsetCommitRequest(
    group_id="g",
    topics=[
        OffsetCommitRequestTopic(
            name="t",
            partitions=[
                OffsetCommitRequestPartition(
                    partition_index=0,
                    committed_offset=7,
                    committed_leader_epoch=3,
                    committed_metadata="here",
                ),
                OffsetCommitRequestPartition(partition_index=9, committed_offset=7),
            ],
        ),
        OffsetCommitRequestTopic(
            name="none", partitions=[OffsetCommitRequestPartition(committed_offset=1)]
        ),
    ],
)


async def commit(
    broker: BrokerContext, version: int, request: OffsetCommitRequest = COMMIT
) -> dict[tuple[str, int], int]:
    answer = await ask(broker, request, OffsetCommitResponse, version)
    return {
        (topic.name, one.partition_index): one.error_code
        for topic in answer.topics
        for one in topic.partitions
    }


async def fetch(broker: BrokerContext, version: int, *, all_topics: bool = False) -> object:
    """Return error of the group, and offset, epoch, metadata and error of each partition."""
    old = None if all_topics else [OffsetFetchRequestTopic(name="t", partition_indexes=[0, 1])]
    new = None if all_topics else [OffsetFetchRequestTopics(name="t", partition_indexes=[0, 1])]
    request = OffsetFetchRequest(
        group_id="g",
        topics=old,
        groups=[OffsetFetchRequestGroup(group_id="g", topics=new)],
        require_stable=True,
    )
    answer = await ask(broker, request, OffsetFetchResponse, version)
    found = answer.groups[0] if version >= 8 else answer
    return found.error_code, [
        (
            one.partition_index,
            one.committed_offset,
            one.committed_leader_epoch,
            one.metadata,
            one.error_code,
        )
        for topic in found.topics
        for one in topic.partitions
    ]


@pytest.mark.parametrize(("commits", "fetches"), [(2, 1), (5, 4), (6, 5), (8, 7), (9, 9)])
async def test_what_is_committed_is_fetched(tmp_path: Path, commits: int, fetches: int) -> None:
    async with running_broker(tmp_path) as broker:
        outcomes = await commit(broker, commits)
        found = await fetch(broker, fetches)

        assert outcomes == {("t", 0): 0, ("t", 9): UNKNOWN_TOPIC, ("none", 0): UNKNOWN_TOPIC}
        epoch = 3 if commits >= 6 and fetches >= 5 else -1
        assert found == (0, [(0, 7, epoch, "here", 0), (1, -1, -1, "", 0)])


@pytest.mark.parametrize("version", [2, 7, 8, 9])
async def test_all_that_is_committed_is_fetched_when_no_topic_is_named(
    tmp_path: Path, version: int
) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, 9)

        found = await fetch(broker, version, all_topics=True)

        assert found == (0, [(0, 7, 3 if version >= 5 else -1, "here", 0)])


async def test_an_old_client_says_how_long_offsets_stay(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, 2, replace(COMMIT, retention_time_ms=5_000))

        found = broker.groups.offsets.committed("g", [("t", 0)])

        assert not isinstance(found, ErrorCode)
        kept = found["t", 0]
        assert kept is not None
        assert kept.expire_timestamp_ms == kept.commit_timestamp_ms + 5_000


async def test_old_generations_are_fenced(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await stable_group(broker)
        old = replace(COMMIT, member_id="m", generation_id_or_member_epoch=0)
        stranger = replace(COMMIT, member_id="x", generation_id_or_member_epoch=1)

        assert (await commit(broker, 9, old))["t", 0] == ErrorCode.ILLEGAL_GENERATION
        assert (await commit(broker, 9, stranger))["t", 0] == ErrorCode.UNKNOWN_MEMBER_ID
        assert await fetch(broker, 9) == (0, [(0, -1, -1, "", 0), (1, -1, -1, "", 0)])


async def test_offsets_are_deleted(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, 9)
        wanted = OffsetDeleteRequest(
            group_id="g",
            topics=[
                OffsetDeleteRequestTopic(
                    name="t",
                    partitions=[
                        OffsetDeleteRequestPartition(partition_index=0),
                        OffsetDeleteRequestPartition(partition_index=9),
                    ],
                )
            ],
        )

        answer = await ask(broker, wanted, OffsetDeleteResponse, 0)
        unknown = await ask(broker, replace(wanted, group_id="x"), OffsetDeleteResponse, 0)

        outcomes = {one.partition_index: one.error_code for one in answer.topics[0].partitions}
        assert (answer.error_code, outcomes) == (0, {0: 0, 9: UNKNOWN_TOPIC})
        assert unknown.error_code == ErrorCode.GROUP_ID_NOT_FOUND
        assert await fetch(broker, 9) == (0, [(0, -1, -1, "", 0), (1, -1, -1, "", 0)])


async def test_who_may_not_is_refused(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as running:
        broker = guarded(running, Guards(frozenset({Operation.READ, Operation.DESCRIBE})))
        refused = ErrorCode.GROUP_AUTHORIZATION_FAILED

        assert set((await commit(broker, 9)).values()) == {refused}
        assert (await fetch(broker, 9))[0] == refused  # type: ignore[index]
        assert await fetch(broker, 1) == (
            0,
            [(0, -1, -1, "", refused), (1, -1, -1, "", refused)],
        )


async def test_all_that_a_group_has_is_fetched_once(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, 8)
        some = [OffsetFetchRequestTopics(name="t", partition_indexes=[1])]
        asked = [
            OffsetFetchRequestGroup(group_id="g", topics=topics)
            for topics in (None, some, None, some)
        ]

        answer = await ask(broker, OffsetFetchRequest(groups=asked), OffsetFetchResponse, 8)

        found = [
            [one.partition_index for one in group.topics[0].partitions] for group in answer.groups
        ]
        assert found == [[0], [1], [1]]
