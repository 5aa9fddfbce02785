import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_registry.formats.protobuf.limits import MESSAGE_INDEXES_MAX
from schema_registry.formats.protobuf.message_indexes import (
    all_messages,
    read_indexes,
    write_indexes,
)
from schema_registry.formats.protobuf.text.parser import parse_proto


@pytest.mark.parametrize(
    ("indexes", "written"),
    [
        ((0,), b"\x00"),
        ((1,), b"\x02\x02"),
        ((0, 0), b"\x04\x00\x00"),
        ((1, 70), b"\x04\x02\x8c\x01"),
    ],
)
def test_indexes_are_a_zigzag_count_and_that_many_zigzag_numbers(
    indexes: tuple[int, ...], written: bytes
) -> None:
    assert write_indexes(indexes) == written
    assert read_indexes(written + b"rest") == (indexes, len(written))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=MESSAGE_INDEXES_MAX))
def test_indexes_come_back(indexes: list[int]) -> None:
    written = write_indexes(indexes)

    assert read_indexes(written) == (tuple(indexes), len(written))


@pytest.mark.parametrize(
    ("written", "indexes"),
    [
        (b"\x01\x00", (0,)),
        (b"\x01\x01", (1,)),
        (b"\x03\x00\x01\x00", (0, 1, 0)),
        (b"\x02\x03\x01", (3, 1)),
    ],
)
def test_plain_numbers_of_old_clients_are_read_where_they_can_be_nothing_else(
    written: bytes, indexes: tuple[int, ...]
) -> None:
    assert read_indexes(written) == (indexes, len(written))


@pytest.mark.parametrize(
    "written", [b"", b"\x02", b"\x80", b"\xff" * 11, write_indexes([0] * (MESSAGE_INDEXES_MAX + 1))]
)
def test_what_are_no_indexes_is_refused(written: bytes) -> None:
    with pytest.raises(ValueError, match=r"message ind"):
        read_indexes(written)


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        _, start = read_indexes(payload)
    except ValueError:
        return

    assert 0 < start <= len(payload)


def test_messages_are_counted_among_their_siblings() -> None:
    file = parse_proto("message A { message B { message C {} } message D {} } message E {}")

    assert [(indexes, name) for indexes, name, _ in all_messages(file)] == [
        ((0,), "A"),
        ((0, 0), "A.B"),
        ((0, 0, 0), "A.B.C"),
        ((0, 1), "A.D"),
        ((1,), "E"),
    ]
