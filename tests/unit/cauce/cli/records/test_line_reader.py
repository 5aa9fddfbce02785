import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.cli.records.line_reader import Line, LineReader


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def read_all(data: list[bytes], **bounds: int) -> list[Line]:
    """What a reader gives when the data comes in these pieces."""
    reading, writing = os.pipe()
    reader = LineReader(reading, **bounds)
    lines = []
    for piece in data:
        os.write(writing, piece)
        lines += reader.read()
    os.close(writing)
    while not reader.ended:
        lines += reader.read()
    os.close(reading)
    return lines


def test_read_numbers_lines_and_keeps_empty_ones() -> None:
    assert read_all([b"a\n\nb\n"]) == [Line(1, b"a"), Line(2, b""), Line(3, b"b")]


def test_read_gives_a_last_line_without_an_end() -> None:
    assert read_all([b"a\nb"]) == [Line(1, b"a"), Line(2, b"b")]


def test_read_keeps_every_byte_but_line_feeds() -> None:
    assert read_all([b"\x00\xff\r\n\t \n"]) == [Line(1, b"\x00\xff\r"), Line(2, b"\t ")]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_read_gives_the_same_lines_however_they_are_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()

    assert [line.content for line in read_all(pieces)] == expected


def test_read_gives_a_line_that_is_too_long_as_none_and_goes_on() -> None:
    found = read_all([b"1234", b"56", b"7\nok\n", b"123456"], line_bytes_max=5)

    assert found == [Line(1, None), Line(2, b"ok"), Line(3, None)]


def test_wait_returns_when_the_time_is_over_or_something_came(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0])

    assert not reader.wait(0.001)
    os.write(pipe[1], b"x")
    assert reader.wait(None)


def test_has_unfinished_tells_of_a_line_that_began(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0])
    os.write(pipe[1], b"whole\nhalf")

    reader.read()

    assert reader.has_unfinished
