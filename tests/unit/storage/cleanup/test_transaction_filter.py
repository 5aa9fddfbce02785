"""Transaction filter: which batches were aborted, and which markers have nothing left to end."""

from storage.cleanup.transaction_filter import TransactionFilter
from storage.format.batch import BatchHeader, parse_header
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.record import NewRecord
from storage.segments.txn_index import AbortedTransaction

ABORT = EndMarker(ControlType.ABORT, 0)
COMMIT = EndMarker(ControlType.COMMIT, 0)


def data(offset: int, producer: int, *, is_transactional: bool = True) -> BatchHeader:
    batch = build_batch(
        [NewRecord(0, b"k", b"v")],
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        is_transactional=is_transactional,
    )
    return parse_header(batch)._replace(base_offset=offset)


def marker(offset: int, producer: int, kind: EndMarker) -> BatchHeader:
    batch = build_end_marker(kind, producer_id=producer, producer_epoch=0, timestamp_ms=0)
    return parse_header(batch)._replace(base_offset=offset)


def test_only_batches_of_the_aborted_transaction_are_aborted() -> None:
    aborted = AbortedTransaction(1, 2, 4, 2)
    found = TransactionFilter([aborted])

    assert not found.is_aborted(data(0, 1))
    assert found.end(marker(1, 1, COMMIT), COMMIT) == (False, None)
    assert found.is_aborted(data(2, 1))
    assert not found.is_aborted(data(3, 2))
    assert found.end(marker(4, 1, ABORT), ABORT) == (False, aborted)
    assert not found.is_aborted(data(5, 1))


def test_batch_outside_of_transactions_is_never_aborted() -> None:
    found = TransactionFilter([AbortedTransaction(1, 0, 9, 0)])

    assert not found.is_aborted(data(3, 1, is_transactional=False))


def test_marker_may_go_once_no_batch_of_its_transaction_is_left() -> None:
    aborted = AbortedTransaction(1, 0, 3, 0)
    found = TransactionFilter([aborted])

    assert found.end(marker(3, 1, ABORT), ABORT) == (True, aborted)
    assert found.end(marker(5, 2, COMMIT), COMMIT) == (True, None)


def test_marker_of_an_unknown_kind_stays() -> None:
    assert TransactionFilter([]).end(marker(0, 1, COMMIT), None) == (False, None)
