"""Scalar types of Protobuf: their words, numbers in descriptors, and ranges.

Source: protobuf.dev, "Scalar Value Types"; descriptor.proto.
"""

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

SCALARS = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "fixed64": FieldDescriptorProto.TYPE_FIXED64,
    "fixed32": FieldDescriptorProto.TYPE_FIXED32,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "sfixed32": FieldDescriptorProto.TYPE_SFIXED32,
    "sfixed64": FieldDescriptorProto.TYPE_SFIXED64,
    "sint32": FieldDescriptorProto.TYPE_SINT32,
    "sint64": FieldDescriptorProto.TYPE_SINT64,
}
"""The words that are types of themselves, with their numbers."""

WORDS = {number: word for word, number in SCALARS.items()}

_INT32, _UINT32 = (-(2**31), 2**31 - 1), (0, 2**32 - 1)
_INT64, _UINT64 = (-(2**63), 2**63 - 1), (0, 2**64 - 1)

INTEGER_RANGES = {
    "int32": _INT32, "sint32": _INT32, "sfixed32": _INT32,
    "uint32": _UINT32, "fixed32": _UINT32,
    "int64": _INT64, "sint64": _INT64, "sfixed64": _INT64,
    "uint64": _UINT64, "fixed64": _UINT64,
}  # fmt: skip
"""Smallest and largest value of the integers."""

MAP_KEYS = frozenset(SCALARS) - {"double", "float", "bytes"}
