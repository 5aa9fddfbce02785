"""Built in: the files that schemas import without a reference.

Google's well-known types come with protobuf, ``google/type`` with googleapis-common-protos, and
Confluent's are written here, because only its clients have them.
Source: the list of Confluent's registry (reference of the registry, 2.5); fields and numbers of
Confluent's types as its Python client ships them.
"""

from functools import cache

from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.type import (
    calendar_period_pb2,
    color_pb2,
    date_pb2,
    datetime_pb2,
    dayofweek_pb2,
    decimal_pb2,
    expr_pb2,
    fraction_pb2,
    interval_pb2,
    latlng_pb2,
    localized_text_pb2,
    money_pb2,
    month_pb2,
    phone_number_pb2,
    postal_address_pb2,
    quaternion_pb2,
    timeofday_pb2,
)

from schema_registry.formats.protobuf.files.descriptor_reader import tree_of
from schema_registry.formats.protobuf.text.parser import parse_proto
from schema_registry.formats.protobuf.text.syntax_tree import ProtoFile

_MODULES = (
    any_pb2, source_context_pb2, type_pb2, api_pb2, descriptor_pb2, duration_pb2, empty_pb2,
    field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2, calendar_period_pb2, color_pb2,
    date_pb2, datetime_pb2, dayofweek_pb2, decimal_pb2, expr_pb2, fraction_pb2, interval_pb2,
    latlng_pb2, localized_text_pb2, money_pb2, month_pb2, phone_number_pb2, postal_address_pb2,
    quaternion_pb2, timeofday_pb2,
)  # fmt: skip

_TEXTS = {
    "confluent/meta.proto": """
syntax = "proto3";
package confluent;
import "google/protobuf/descriptor.proto";
option go_package = "../confluent";
message Meta {
  string doc = 1;
  map<string, string> params = 2;
  repeated string tags = 3;
  repeated Rule rules = 4;
}
message Rule {
  string name = 1;
  string doc = 2;
  string expr = 3;
  string sql = 4;
}
extend google.protobuf.FileOptions { Meta file_meta = 1088; }
extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }
""",
    "confluent/type/decimal.proto": """
syntax = "proto3";
package confluent.type;
message Decimal {
  bytes value = 1;
  uint32 precision = 2;
  int32 scale = 3;
}
""",
    "confluent/type/variant.proto": """
syntax = "proto3";
package confluent.type;
message Variant {
  bytes metadata = 1;
  bytes value = 2;
}
""",
    "confluent/types/decimal.proto": """
syntax = "proto3";
import public "confluent/type/decimal.proto";
""",
}
"""The last one is where Confluent's Python client once had its decimals."""


@cache
def _descriptors() -> dict[str, FileDescriptorProto]:
    found = {}
    for module in _MODULES:
        descriptor = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(descriptor)
        found[descriptor.name] = descriptor
    return found


def paths() -> tuple[str, ...]:
    """Return the paths of all files that are built in."""
    return (*_descriptors(), *_TEXTS)


def tree(path: str) -> ProtoFile | None:
    """Return the file of a path, if it is built in."""
    return _tree(path) if path in _TEXTS or path in _descriptors() else None


@cache
def _tree(path: str) -> ProtoFile:
    return parse_proto(_TEXTS[path]) if path in _TEXTS else tree_of(_descriptors()[path])
