"""Filters as every HTTP door takes them (``filter=``), and how it tells what became of records."""

from app.consumers.filters.record_filter import RecordFilter, compile_filter

FILTER_HEADER = b"cauce-filter"


def filter_of(source: str | None) -> RecordFilter | None:
    """Return the filter of a request, if it has one.

    Raises:
        InvalidFilter: It is not one.
    """
    return None if source is None else compile_filter(source)


def counts_header(one: RecordFilter) -> tuple[bytes, bytes]:
    """Return the header that says what became of the records."""
    counts = f"scanned={one.scanned}, matched={one.matched}, failed={one.failed}"
    return FILTER_HEADER, counts.encode()
