"""A message with a field of every kind that matters, and its bytes worked out by hand."""

from app.wire.message import field, request, struct
from app.wire.primitives import Int16, Int32


@struct
class ExamplePart:
    """An element of an array, with a tagged field."""

    number: Int16 = 0
    note: str = field(2, tag=0)


@request(key=9_999, versions=(1, 2), flexible=2)
class ExampleRequest:
    """Version 1 has lengths of fixed width, version 2 varints and tags."""

    code: Int32 = 0
    name: str | None = None
    parts: list[ExamplePart] = field()
    data: bytes = b""


EXAMPLE = ExampleRequest(
    code=258, name="é", parts=[ExamplePart(number=1), ExamplePart(number=2, note="n")], data=b"\xff"
)
EXAMPLE_V1 = bytes.fromhex(
    "00000102"  # code
    "0002c3a9"  # name: two bytes behind their length
    "00000002"  # parts
    "0001"
    "0002"
    "00000001ff"  # data
)
EXAMPLE_V2 = bytes.fromhex(
    "00000102"
    "03c3a9"  # one more than the length
    "03"  # two parts and one
    "000100"  # a part without tagged fields
    "000201"  # one tagged field,
    "0002026e"  # its tag 0, its size 2, and in it a length and the text
    "02ff"
    "00"  # no tagged fields of the message
)
