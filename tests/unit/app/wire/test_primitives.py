import pytest

from app.wire.errors import MalformedMessage
from app.wire.primitives import read_uvarint, write_uvarint


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, b"\0"),
        (127, b"\x7f"),
        (128, b"\x80\1"),
        (300, b"\xac\2"),
        (2**32 - 1, b"\xff" * 4 + b"\x0f"),
    ],
)
def test_uvarints_are_written_and_read(value: int, written: bytes) -> None:
    out = bytearray(b"x")
    write_uvarint(out, value)

    assert out == b"x" + written
    assert read_uvarint(out, 1) == (value, 1 + len(written))


def test_a_uvarint_that_does_not_end_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="five"):
        read_uvarint(b"\xff" * 6, 0)


def test_a_uvarint_at_the_end_of_the_buffer_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        read_uvarint(b"\xff\xff", 0)
