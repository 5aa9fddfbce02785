"""Holds a compacted log against everything that was ever given to it.

Compaction changes batches, so the bytes of each are no measure: records are.
"""

from storage.format.decoder import decode_records
from storage.format.record import Record
from storage.log import Log
from tests.support.cleaning import committed, last_of_each_key, records
from tests.support.crashes.log_check import HOLE, LOST, UNKNOWN_BYTES, Violation
from tests.support.crashes.log_history import NOTHING, Batch, LogHistory

FORGOTTEN = "the last record of a key is lost, or one is back"


def check_compacted(log: Log, history: LogHistory) -> Batch | None:
    """Return the last batch that the log must have been given, by where it ends.

    Args:
        log: Not used by anybody else; all of it is taken for replicated.
        history: Of the log; deletion counts from where it was asked for.

    Raises:
        Violation: A record is not where it was, or the last one of a key is missing.
    """
    end = log.log_end_offset
    if end < history.floor:
        raise Violation(LOST, f"it ends at {end}, acknowledged up to {history.floor}")
    tip = history.tip
    while tip is not None and tip.next > end:
        tip = tip.previous
    if tip is not None and tip.next != end and end != log.log_start_offset:
        raise Violation(HOLE, f"it ends at {end}, inside a batch or behind {tip.next}")
    log.advance_high_watermark(end)
    start = max(history.start, log.log_start_offset)
    given = [
        one
        for batch in (tip.back() if tip is not None else ())
        if not batch.header.is_control
        for one in decode_records(batch.data)
        if one.offset >= start
    ]
    known = {one.offset: one for one in given}
    for record in records(log):
        if record.offset >= start and known.get(record.offset) != record:
            raise Violation(UNKNOWN_BYTES, f"{record} is not {known.get(record.offset)}")
    found = last_of_each_key([one for one in committed(log) if one.offset >= start])
    wanted = last_of_each_key(_committed(given, tip))
    if found != wanted:
        raise Violation(FORGOTTEN, f"{sorted(found.items() ^ wanted.items())}")
    return tip


def _committed(given: list[Record], tip: Batch | None) -> list[Record]:
    """Return what readers of committed records see, oldest first."""
    state = tip.state if tip is not None else NOTHING
    hidden = set()
    for batch in tip.back() if tip is not None else ():
        header = batch.header
        for one in state.aborted:
            is_within = one.first_offset <= batch.base <= one.last_offset
            if header.is_transactional and header.producer_id == one.producer_id and is_within:
                hidden.update(range(batch.base, batch.next))
    stable = state.first_open
    return sorted(
        one for one in given if one.offset not in hidden and (stable is None or one.offset < stable)
    )
