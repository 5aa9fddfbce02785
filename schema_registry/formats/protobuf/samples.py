"""Samples: a small value of a message, as JSON, with every field that can be set.

One member of each oneof is set, the first; what leads back to a message that is being made is left
out. Enums show their second value where they have one: the first is what a field is without one.
Pure. Called by: serdes.samples.
Source: protobuf.dev, "ProtoJSON Format", for the well-known types.
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from schema_registry.formats.protobuf.scalars import WORDS

SAMPLE_DEPTH_MAX: Final = 20
"""Messages inside messages of one sample."""

SAMPLE_FIELDS_MAX: Final = 2_000
"""Fields of one sample, all messages together."""

_WELL_KNOWN: Final[Mapping[str, Any]] = {
    "google.protobuf.Any": {},
    "google.protobuf.Duration": "1.5s",
    "google.protobuf.Empty": {},
    "google.protobuf.FieldMask": "name",
    "google.protobuf.ListValue": ["text"],
    "google.protobuf.Struct": {"key": "text"},
    "google.protobuf.Timestamp": "2026-01-01T00:00:00Z",
    "google.protobuf.Value": "text",
    "google.protobuf.BoolValue": True,
    "google.protobuf.BytesValue": "AQ==",
    "google.protobuf.DoubleValue": 1.5,
    "google.protobuf.FloatValue": 1.5,
    "google.protobuf.Int32Value": 1,
    "google.protobuf.Int64Value": "1",
    "google.protobuf.StringValue": "text",
    "google.protobuf.UInt32Value": 1,
    "google.protobuf.UInt64Value": "1",
}
_SCALARS: Final[Mapping[str, Any]] = {
    "bool": True,
    "bytes": "AQ==",
    "double": 1.5,
    "float": 1.5,
    "string": "text",
}
_INTEGER: Final = 1


class _LeadsBack(Exception):
    """A value would hold itself, or too many."""


def sample(message: Descriptor) -> Any:
    """Return a value of a message type, as the codec takes it."""
    return _Sampler().message(message)


class _Sampler:
    def __init__(self) -> None:
        self._open: list[str] = []
        self._fields = 0

    def message(self, message: Descriptor) -> Any:
        """Return a value of a message type.

        Raises:
            _LeadsBack: It is being made already, or the sample has grown too large.
        """
        name = message.full_name
        if name in _WELL_KNOWN:
            return _WELL_KNOWN[name]
        if name in self._open or len(self._open) >= SAMPLE_DEPTH_MAX:
            raise _LeadsBack
        self._open.append(name)
        try:
            return self._values(message)
        finally:
            self._open.pop()

    def _values(self, message: Descriptor) -> dict[str, Any]:
        made: dict[str, Any] = {}
        chosen: set[str] = set()
        for field in message.fields:
            oneof = field.containing_oneof
            if oneof is not None and oneof.name in chosen:
                continue
            self._fields += 1
            if self._fields > SAMPLE_FIELDS_MAX:
                break
            try:
                made[field.json_name] = self._field(field)
            except _LeadsBack:
                continue
            if oneof is not None:
                chosen.add(oneof.name)
        return made

    def _field(self, field: FieldDescriptor) -> Any:
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            value = self._one(inner.fields_by_name["value"])
            return {_key(inner.fields_by_name["key"]): value}
        one = self._one(field)
        return [one] if field.is_repeated else one

    def _one(self, field: FieldDescriptor) -> Any:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return _symbol(field.enum_type)
        return _SCALARS.get(WORDS[field.type], _INTEGER)  # type: ignore[index]


def _symbol(enum: EnumDescriptor) -> Any:
    if enum.full_name == "google.protobuf.NullValue":
        return None
    return enum.values[min(1, len(enum.values) - 1)].name


def _key(field: FieldDescriptor) -> str:
    if field.type == FieldDescriptor.TYPE_BOOL:
        return "true"
    return "key" if field.type == FieldDescriptor.TYPE_STRING else str(_INTEGER)
