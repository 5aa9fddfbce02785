from hypothesis import given
from hypothesis import strategies as st

from app.api.ws import columns as server
from cauce.client.streaming.records import (
    BadColumns,
    NewRecord,
    Record,
    TopicPartition,
    decode_columns,
    encode_columns,
    size_of,
)

PLACE = TopicPartition("t", 3)
data = st.none() | st.binary(max_size=20)
headers = st.lists(st.tuples(st.text(max_size=5), data), max_size=3).map(tuple)
times = st.integers(0, 2**40)
rows = st.lists(st.tuples(times, data, data, headers), min_size=1, max_size=20)


@given(rows)
def test_columns_of_the_server_are_read_as_it_wrote_them(given_rows: list[tuple]) -> None:  # type: ignore[type-arg]
    stamps, keys, values, heads = (list(column) for column in zip(*given_rows, strict=True))
    encoded = [tuple((name.encode(), value) for name, value in one) for one in heads]
    has_headers = any(heads)
    written = server.encode_columns(
        range(5, 5 + len(stamps)), stamps, keys, values, encoded if has_headers else None
    )

    found = decode_columns(PLACE, memoryview(written), len(stamps), headers=has_headers)

    assert found == [Record("t", 3, 5 + at, *row) for at, row in enumerate(given_rows)]


@given(st.lists(st.builds(NewRecord, data, data, headers, timestamp=st.none() | times), min_size=1))
def test_columns_of_a_client_are_read_by_the_server(records: list[NewRecord]) -> None:
    names, written = encode_columns(records, now_ms=7)

    found = server.decode_columns(
        memoryview(written),
        len(records),
        7,
        timestamps="timestamps" in names,
        headers="headers" in names,
    )

    assert found == [
        (
            7 if one.timestamp is None else one.timestamp,
            one.key,
            one.value,
            tuple((name.encode(), value) for name, value in one.headers),
        )
        for one in records
    ]


@given(st.binary(max_size=200), st.integers(0, 5), st.booleans())
def test_other_bytes_are_records_or_refused(junk: bytes, count: int, has_headers: bool) -> None:
    try:
        found = decode_columns(PLACE, memoryview(junk), count, headers=has_headers)
    except BadColumns:
        return
    assert len(found) == count


def test_a_size_counts_everything_of_a_record() -> None:
    assert size_of(NewRecord(b"abc", b"k", (("h", b"1"), ("n", None)))) == 16 + 3 + 1 + 10 + 9
