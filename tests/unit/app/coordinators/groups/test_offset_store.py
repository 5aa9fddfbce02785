"""Committed offsets on a real log: who may commit, what is refused, what is forgotten."""

from dataclasses import replace
from pathlib import Path

from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.offsets import CommittedOffset
from tests.support.broker import running_broker
from tests.support.groups.calls import (
    commit,
    committed_offset,
    committing,
    leave_all,
    stable_group,
)


async def test_only_members_of_the_generation_commit_while_there_are_members(
    tmp_path: Path,
) -> None:
    async with running_broker(tmp_path) as broker:
        assert await broker.groups.offsets.commit(committing("g", "m", 1, t_0=1)) is (
            ErrorCode.ILLEGAL_GENERATION
        )
        await stable_group(broker)

        stranger = await broker.groups.offsets.commit(committing(t_0=1))
        other = await broker.groups.offsets.commit(committing("g", "x", 1, t_0=1))
        member = await broker.groups.offsets.commit(committing("g", "m", 1, t_0=2))

        assert (stranger, other) == (ErrorCode.UNKNOWN_MEMBER_ID,) * 2
        assert (member, committed_offset(broker)) == ({("t", 0): ErrorCode.NONE}, 2)


async def test_metadata_that_is_too_long_refuses_its_partition_only(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        wanted = committing(t_0=1, t_1=2)
        long = replace(wanted.offsets["t", 0], metadata="x" * 4097)

        outcome = await broker.groups.offsets.commit(
            replace(wanted, offsets={**wanted.offsets, ("t", 0): long})
        )

        assert outcome == {
            ("t", 0): ErrorCode.OFFSET_METADATA_TOO_LARGE,
            ("t", 1): ErrorCode.NONE,
        }
        assert (committed_offset(broker), committed_offset(broker, partition=1)) == (None, 2)


async def test_a_commit_larger_than_a_batch_is_refused_whole(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        one = CommittedOffset(offset=1, commit_timestamp_ms=1, metadata="x" * 4000)
        wanted = replace(committing(), offsets={("t", number): one for number in range(400)})

        outcome = await broker.groups.offsets.commit(wanted)

        assert isinstance(outcome, dict)
        assert set(outcome.values()) == {ErrorCode.INVALID_COMMIT_OFFSET_SIZE}
        assert committed_offset(broker) is None


async def test_offsets_are_deleted_but_those_that_members_read(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        await commit(broker, t_0=1, t_1=2)
        await stable_group(broker)
        read = await broker.groups.offsets.delete("g", [("t", 0)])
        leave_all(broker)

        gone = await broker.groups.offsets.delete("g", [("t", 0), ("x", 0)])

        assert read == {("t", 0): ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}
        assert gone == {("t", 0): ErrorCode.NONE, ("x", 0): ErrorCode.NONE}
        assert (committed_offset(broker), committed_offset(broker, partition=1)) == (None, 2)
        unknown = await broker.groups.offsets.delete("none", [("t", 0)])
        assert unknown is ErrorCode.GROUP_ID_NOT_FOUND
