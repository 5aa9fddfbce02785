"""The generated writer against bytes that were worked out by hand; records stay where they are."""

import pytest

from app.wire.encoders import Gap, generate_encoder
from app.wire.message import field, request
from app.wire.primitives import FetchedRecords
from tests.support.wire_example import EXAMPLE, EXAMPLE_V1, EXAMPLE_V2, ExampleRequest


@request(key=9_998, versions=(0, 1), flexible=1)
class RecordsRequest:
    before: str = "b"
    records: FetchedRecords = field(nullable=0)
    behind: str = "e"


class Elsewhere:
    """Records on a disk."""

    size = 300


def encoded(message_type: type, version: int, message: object) -> tuple[bytes, list[Gap]]:
    out, gaps = bytearray(b"before"), list[Gap]()
    generate_encoder(message_type, version)(message, out, gaps)
    return bytes(out), gaps


@pytest.mark.parametrize(("version", "data"), [(1, EXAMPLE_V1), (2, EXAMPLE_V2)])
def test_bytes_are_appended_in_every_version(version: int, data: bytes) -> None:
    assert encoded(ExampleRequest, version, EXAMPLE) == (b"before" + data, [])


def test_null_is_minus_one_or_zero() -> None:
    nothing = ExampleRequest()

    assert encoded(ExampleRequest, 1, nothing)[0] == b"before" + bytes(4) + b"\xff\xff" + bytes(8)
    assert encoded(ExampleRequest, 2, nothing)[0] == b"before" + bytes(4) + b"\x00\x01\x01\x00"


def test_tagged_field_of_its_default_is_left_out() -> None:
    first, second = EXAMPLE.parts

    assert first.note == ""
    assert second.note == "n"
    assert EXAMPLE_V2.count(b"n") == 1


@pytest.mark.parametrize(
    ("version", "written"),
    [(0, b"\x00\x01b\x00\x00\x01\x2c"), (1, b"\x02b\xad\x02")],
)
def test_records_that_lie_elsewhere_are_a_size_and_a_gap(version: int, written: bytes) -> None:
    records = Elsewhere()

    out, gaps = encoded(RecordsRequest, version, RecordsRequest(records=records))

    (gap,) = gaps
    assert gap.source is records
    assert out[: gap.position] == b"before" + written
    assert out[gap.position :] in (b"\x00\x01e", b"\x02e\x00")


def test_records_in_memory_are_written() -> None:
    assert encoded(RecordsRequest, 1, RecordsRequest(records=b"rrr")) == (
        b"before\x02b\x04rrr\x02e\x00",
        [],
    )


def test_value_that_does_not_fit_its_field_is_a_mistake_of_ours() -> None:
    with pytest.raises(Exception, match="format requires"):
        encoded(ExampleRequest, 1, ExampleRequest(code=2**31))
