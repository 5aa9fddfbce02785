import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.encoding import MalformedRecord, Reader, Writer

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.booleans(), st.none() | TEXT, st.none() | st.binary(max_size=200), st.lists(TEXT))
def test_what_is_written_is_read(
    flexible: bool, text: str | None, data: bytes | None, items: list[str]
) -> None:
    writer = Writer(flexible=flexible)
    writer.string(text).data(data).array(items, Writer.string).int64(-5).int8(-1)

    reader = Reader(bytes(writer), flexible=flexible)

    assert reader.optional_string() == text
    assert reader.optional_bytes() == data
    assert list(reader.array(Reader.string)) == items
    assert (reader.int64(), reader.int8(), reader.left) == (-5, -1, 0)


@given(st.integers(0, 2**31 - 1))
def test_unsigned_varints_are_read_as_written(value: int) -> None:
    assert Reader(bytes(Writer().unsigned_varint(value))).unsigned_varint() == value


def test_tagged_fields_are_read_by_their_tag_and_unknown_ones_stay_apart() -> None:
    writer = Writer(flexible=True)
    writer.tags((0, b"\x07"), (9, b"abc")).int8(3)

    reader = Reader(bytes(writer), flexible=True)
    fields = reader.tags()

    assert fields[0].int8() == 7
    assert fields[9].left == 3
    assert reader.int8() == 3


@given(st.binary(max_size=40), st.booleans())
def test_bytes_of_any_kind_are_read_or_refused_by_name(data: bytes, flexible: bool) -> None:
    def read_all(reader: Reader) -> None:
        reader.string()
        reader.optional_bytes()
        reader.array(Reader.int32)
        reader.tags()
        reader.uuid()

    try:
        read_all(Reader(data, flexible=flexible))
    except MalformedRecord:
        return
    assert len(data) >= 16


@pytest.mark.parametrize("data", [b"\x7f\xff\xff\xff", b"\x00\x00\x00\x05abcd"])
def test_a_count_that_does_not_fit_is_refused_before_anything_is_read(data: bytes) -> None:
    with pytest.raises(MalformedRecord, match="do not fit"):
        Reader(data).array(Reader.int8)


def test_a_varint_without_an_end_is_refused() -> None:
    with pytest.raises(MalformedRecord, match="does not end"):
        Reader(b"\xff" * 10).unsigned_varint()
