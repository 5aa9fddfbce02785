"""Records: tuples in the order that builder and decoder use."""

from storage.format.record import NewRecord, Record


def test_new_record_is_the_plain_tuple_that_hot_paths_make() -> None:
    record = NewRecord(1000, b"k", None, ((b"h", None),))

    assert record == (1000, b"k", None, ((b"h", None),))


def test_new_record_has_no_headers_unless_some_are_given() -> None:
    assert NewRecord(1000, None, b"v").headers == ()


def test_record_has_its_offset_before_what_a_new_record_has() -> None:
    new = NewRecord(1000, b"k", b"v", ((b"h", b"1"), (b"h", None)))

    record = Record(7, *new)

    assert record.offset == 7
    assert record[1:] == (record.timestamp_ms, record.key, record.value, record.headers) == new
