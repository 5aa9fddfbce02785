"""The generated reader against bytes that were worked out by hand, and bytes that are wrong."""

import struct

import pytest

from app.wire.codec import encode
from app.wire.decoders import STRING_BYTES_MAX, generate_decoder
from app.wire.errors import MalformedMessage
from tests.support.wire_example import (
    EXAMPLE,
    EXAMPLE_V1,
    EXAMPLE_V2,
    ExamplePart,
    ExampleRequest,
)

BEFORE = b"before"


def test_bytes_are_read_in_every_version_from_where_they_begin() -> None:
    plain = ExampleRequest(
        code=258, name="é", parts=[ExamplePart(number=1), ExamplePart(number=2)], data=b"\xff"
    )

    for version, data, expected in ((1, EXAMPLE_V1, plain), (2, EXAMPLE_V2, EXAMPLE)):
        decode = generate_decoder(ExampleRequest, version)

        assert decode(BEFORE + data + b"behind", len(BEFORE)) == (
            expected,
            len(BEFORE) + len(data),
        )


def test_tag_that_is_not_known_is_skipped() -> None:
    unknown = EXAMPLE_V2[:-1] + b"\x01\x05\x03abc"

    assert generate_decoder(ExampleRequest, 2)(unknown, 0) == (EXAMPLE, len(unknown))


def test_null_is_read_where_it_may_be() -> None:
    null = EXAMPLE_V1[:4] + b"\xff\xff" + EXAMPLE_V1[8:]

    assert generate_decoder(ExampleRequest, 1)(null, 0)[0].name is None


@pytest.mark.parametrize(
    ("version", "data", "word"),
    [
        (1, EXAMPLE_V1[:4] + b"\x7f\xff" + EXAMPLE_V1[6:], "behind the end"),
        (1, EXAMPLE_V1[:8] + b"\x7f\xff\xff\xff", "more than"),
        (1, EXAMPLE_V1[:8] + b"\xff\xff\xff\xff", "must not be null"),
        (2, EXAMPLE_V2[:7] + b"\x00" + EXAMPLE_V2[8:], "must not be null"),
        (2, EXAMPLE_V2.replace(b"\x00\x02\x02n", b"\x00\x03\x02n"), "as long as it says"),
        (2, EXAMPLE_V2[:-1] + b"\xff\xff\xff\x7f", "more than"),
        (2, EXAMPLE_V2[:-1] + b"\x01\x05\x7f", "behind the end"),
    ],
)
def test_bytes_that_are_wrong_are_refused_with_a_word(version: int, data: bytes, word: str) -> None:
    with pytest.raises(MalformedMessage, match=word):
        generate_decoder(ExampleRequest, version)(data, 0)


@pytest.mark.parametrize(("version", "data"), [(1, EXAMPLE_V1), (2, EXAMPLE_V2)])
def test_every_shorter_message_raises_what_the_codec_words(version: int, data: bytes) -> None:
    decode = generate_decoder(ExampleRequest, version)

    for size in range(len(data)):
        with pytest.raises((MalformedMessage, struct.error, IndexError)):
            decode(data[:size], 0)


def test_a_string_is_no_longer_in_a_flexible_version_than_in_others() -> None:
    def read(size: int) -> ExampleRequest:
        data = bytearray()
        encode(ExampleRequest(name="x" * size), 2, data)
        found, _ = generate_decoder(ExampleRequest, 2)(data, 0)
        assert isinstance(found, ExampleRequest)
        return found

    assert read(STRING_BYTES_MAX).name == "x" * STRING_BYTES_MAX
    with pytest.raises(MalformedMessage, match="more than 32767 bytes"):
        read(STRING_BYTES_MAX + 1)
