"""Records as the server's binary frames carry them, for tests."""

from collections.abc import Sequence

from app.api.ws.columns import encode_columns
from cauce.client.streaming.records import NewRecord


def columns_of(first: int, records: Sequence[NewRecord]) -> memoryview:
    """Return the columns of records whose offsets begin somewhere."""
    heads = [tuple((name.encode(), value) for name, value in one.headers) for one in records]
    return memoryview(
        encode_columns(
            range(first, first + len(records)),
            [one.timestamp or 0 for one in records],
            [one.key for one in records],
            [one.value for one in records],
            heads if any(heads) else None,
        )
    )
