"""Defaults of fields: checked against the type and written as descriptors have them.

Source: descriptor.proto on default_value; what protoc writes is the oracle of the tests.
"""

import math
import struct

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from schema_registry.formats.protobuf.scalars import INTEGER_RANGES, WORDS
from schema_registry.formats.protobuf.text.syntax_tree import Scalar, Value, ValueKind
from schema_registry.formats.protobuf.text.tokenizer import integer

_BYTE_ESCAPES = {
    ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("'"): "\\'",
    ord("\\"): "\\\\",
}  # fmt: skip


def default_text(type_: int, value: Value) -> str:
    """Return the default of a field as its descriptor has it.

    Args:
        type_: Of the field, as in its descriptor.
        value: As it is written.

    Raises:
        ValueError: It is none of the type.
    """
    if not isinstance(value, Scalar):
        raise ValueError("braces are no default")
    if type_ == FieldDescriptorProto.TYPE_ENUM:
        return _word(value, "the name of a value")
    if type_ == FieldDescriptorProto.TYPE_BOOL:
        if value.text not in ("true", "false"):
            raise ValueError("expected true or false")
        return _word(value, "true or false")
    scalar = WORDS.get(type_ or FieldDescriptorProto.TYPE_MESSAGE)  # type: ignore[call-overload]
    if scalar in INTEGER_RANGES:
        return str(integer_value(value, *INTEGER_RANGES[scalar]))
    if scalar in ("float", "double"):
        return float_text(float_value(value), is_double=scalar == "double")
    if scalar in ("string", "bytes"):
        if value.kind is not ValueKind.STRING:
            raise ValueError("expected a string")
        return _escaped(value.content) if scalar == "bytes" else value.content.decode()
    raise ValueError("messages have none")


def _word(value: Scalar, what: str) -> str:
    if value.kind is not ValueKind.WORD or value.text.startswith("-"):
        raise ValueError(f"expected {what}")
    return value.text


def integer_value(value: Scalar, least: int, most: int) -> int:
    """Return an integer within a range.

    Raises:
        ValueError: It is none, or out of range.
    """
    if value.kind is not ValueKind.INTEGER:
        raise ValueError("expected an integer")
    is_negative = value.text.startswith("-")
    number = integer(value.text.removeprefix("-"))
    number = -number if is_negative else number
    if not least <= number <= most:
        raise ValueError(f"{value.text[:40]} is out of range")
    return number


def float_value(value: Scalar) -> float:
    """Return a number, infinity or no-number.

    Raises:
        ValueError: It is none of these.
    """
    if value.kind is ValueKind.STRING:
        raise ValueError("expected a number")
    text = value.text.removeprefix("-")
    if value.kind is ValueKind.WORD:
        if text == "nan":
            return float("nan")
        if text != "inf":
            raise ValueError("expected a number")
        number = float("inf")
    elif value.kind is ValueKind.INTEGER:
        number = _as_float(integer(text))
    else:
        number = float(text)
    return -number if value.text.startswith("-") else number


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def float_text(number: float, *, is_double: bool) -> str:
    """Return a number in as few digits as lead back to it, of 6 and 9 or of 15 and 17."""
    if not math.isfinite(number):
        return str(number)
    if is_double:
        text = f"{number:.15g}"
        return text if float(text) == number else f"{number:.17g}"
    number = as_single(number)
    text = f"{number:.6g}"
    return text if as_single(float(text)) == number else f"{number:.9g}"


def as_single(number: float) -> float:
    """Return the nearest number of single precision; infinity beyond its range."""
    try:
        single: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    return single


def _escaped(content: bytes) -> str:
    return "".join(
        _BYTE_ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
        for byte in content
    )
