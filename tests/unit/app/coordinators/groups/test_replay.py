import pytest

from app.coordinators.encoding import MalformedRecord
from app.coordinators.groups.model import GroupMetadata
from app.coordinators.groups.offsets import CommittedOffset
from app.coordinators.groups.records import (
    GroupRecord,
    KeyValue,
    OffsetRecord,
    encode_group,
    encode_offset,
)
from app.coordinators.groups.replay import Replay
from storage.format.batch import parse_header
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker


def offset_record(offset: int | None, partition: int = 0) -> KeyValue:
    committed = None
    if offset is not None:
        committed = CommittedOffset(offset=offset, commit_timestamp_ms=1)
    return encode_offset(
        OffsetRecord(group_id="g", partition=("t", partition), committed=committed)
    )


def group_record(generation: int | None) -> KeyValue:
    metadata = None
    if generation is not None:
        metadata = GroupMetadata(
            protocol_type="consumer",
            generation=generation,
            protocol_name=None,
            leader=None,
            state_timestamp_ms=1,
        )
    return encode_group(GroupRecord(group_id="g", metadata=metadata))


def take(replay: Replay, *records: KeyValue, base_offset: int, producer_id: int = -1) -> None:
    batch = build_batch(
        [(1, key, value, ()) for key, value in records],
        base_offset=base_offset,
        producer_id=producer_id,
        producer_epoch=0,
        is_transactional=producer_id >= 0,
    )
    replay.take(batch, 0, parse_header(batch))


def end(replay: Replay, kind: ControlType, producer_id: int) -> None:
    batch = build_end_marker(
        EndMarker(kind, 0), producer_id=producer_id, producer_epoch=0, timestamp_ms=1
    )
    replay.take(batch, 0, parse_header(batch))


def committed(replay: Replay) -> int | None:
    found = replay.groups["g"].offsets.get(("t", 0)) if "g" in replay.groups else None
    return found.offset if found is not None else None


def test_the_last_word_counts() -> None:
    replay = Replay()
    take(replay, offset_record(1), group_record(1), base_offset=0)
    take(replay, group_record(2), offset_record(5), base_offset=2)

    loaded = replay.groups["g"]

    assert loaded.metadata is not None
    assert (loaded.metadata.generation, committed(replay)) == (2, 5)
    found = loaded.offsets.get(("t", 0))
    assert found is not None
    assert found.log_offset == 3


def test_what_was_deleted_is_not_there() -> None:
    replay = Replay()
    take(replay, offset_record(1), group_record(1), base_offset=0)
    take(replay, offset_record(None), group_record(None), base_offset=2)

    assert replay.groups == {}


@pytest.mark.parametrize(
    ("kind", "seen"), [(ControlType.COMMIT, 9), (ControlType.ABORT, 1), (None, 1)]
)
def test_commits_of_a_transaction_wait_for_its_marker(kind: ControlType | None, seen: int) -> None:
    replay = Replay()
    take(replay, offset_record(1), base_offset=0)
    take(replay, offset_record(9), base_offset=1, producer_id=4)
    if kind is not None:
        end(replay, kind, 4)

    assert committed(replay) == seen
    assert replay.groups["g"].offsets.is_unstable(("t", 0)) == (kind is None)


def test_records_of_other_kinds_are_passed_over_and_bad_ones_named() -> None:
    replay = Replay()
    take(replay, (b"\x7f\xff", b"later"), base_offset=0)
    key, value = offset_record(1)
    assert value is not None

    with pytest.raises(MalformedRecord, match="offset 12"):
        take(replay, (key, value), (key, value[:-1]), base_offset=11)

    assert committed(replay) == 1
