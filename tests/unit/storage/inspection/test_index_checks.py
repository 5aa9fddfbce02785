"""The transaction index is held against the transactions of the batches."""

from pathlib import Path

import pytest

from storage.files import Disk
from storage.format.batch import parse_header
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.record import NewRecord
from storage.inspection.index_checks import TransactionCheck
from storage.segments.txn_index import AbortedTransaction, TransactionIndex

RIGHT = AbortedTransaction(7, 2, 4, 5)


def problem(path: Path, entry: AbortedTransaction) -> str | None:
    """Return what is said of an entry for the second of a producer's transactions, at 2 to 4."""
    check = TransactionCheck()
    for offset in range(5):
        if offset in (1, 4):
            marker = EndMarker(ControlType.COMMIT if offset == 1 else ControlType.ABORT, 0)
            batch = build_end_marker(marker, producer_id=7, producer_epoch=0, timestamp_ms=0)
        else:
            batch = build_batch(
                [NewRecord(0, None, b"v")],
                producer_id=7,
                producer_epoch=0,
                base_sequence=offset,
                is_transactional=True,
            )
        batch[:8] = offset.to_bytes(8, "big")
        check.note(parse_header(bytes(batch)), bytes(batch))
    file = Disk().open(path / "index", create=True)
    TransactionIndex(file).append(entry)
    return check.finish_segment(file)


def test_index_that_names_the_transaction_is_right(tmp_path: Path) -> None:
    assert problem(tmp_path, RIGHT) is None


@pytest.mark.parametrize(
    "wrong",
    [
        RIGHT._replace(first_offset=1),
        RIGHT._replace(first_offset=3),
        RIGHT._replace(last_offset=5),
        RIGHT._replace(last_stable_offset=6),
        RIGHT._replace(producer_id=8),
    ],
)
def test_index_that_names_another_is_found(wrong: AbortedTransaction, tmp_path: Path) -> None:
    assert problem(tmp_path, wrong) is not None
