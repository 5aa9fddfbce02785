import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.cli.records.format_string import RecordFormat
from cauce.client.streaming.records import Record

RECORD = Record("t", 3, 41, 1_795_464_180_250, b"\xffk", b"v%s", (("a", b"1"), ("b", None)))
EMPTY = Record("t", 0, 0, 0, None, None)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"%t [%p] at %o: key %k: %s\n", b"t [3] at 41: key \xffk: v%s\n"),
        (r"%T %S %K %h", b"1795464180250 3 2 a=1,b=NIL"),
        (r"100%%\t\x41\\n", b"100%\tA\\n"),
        ("%R%r", b"\0\0\0\3\0\0\0\2"),
        ("%%s", b"%s"),
        ("ñ", "ñ".encode()),
    ],
)
def test_a_record_is_written_as_the_format_says(text: str, written: bytes) -> None:
    assert RecordFormat(text, null=b"NIL").write(RECORD) == written


def test_null_is_written_as_asked_and_its_size_is_below_zero() -> None:
    assert RecordFormat("%k|%s|%K|%S|%h", null=b"NIL").write(EMPTY) == b"NIL|NIL|-1|-1|"
    assert RecordFormat("%s%R").write(EMPTY) == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("text", ["", "%", "%q", r"\q", "%s%", "%\n"])
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        RecordFormat(text)


@given(st.binary())
def test_bytes_are_written_as_they_are(value: bytes) -> None:
    assert RecordFormat("<%s>").write(RECORD._replace(value=value)) == b"<%b>" % value
