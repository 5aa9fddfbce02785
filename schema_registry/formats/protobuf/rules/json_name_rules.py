"""Rules of JSON names: two fields of a message do not share one.

Where JSON is only supported as far as it goes (proto2), only names that are given clash.
Source: protobuf.dev, "JSON Mapping"; protoc is the oracle of the tests.
"""

from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.names import json_name
from schema_registry.formats.protobuf.rules.rule import refuse
from schema_registry.formats.protobuf.text.syntax_tree import Field, Group, Message, Scalar


def check_json_names(source: Source, message: Message, *, strict: bool) -> None:
    """Refuse a message whose fields share JSON names."""
    for use_given in (False, True):
        seen: dict[str, tuple[Field | Group, bool]] = {}
        for field, _ in message.all_fields():
            given = _given(field) if use_given else None
            name = json_name(field.name) if given is None else given
            other, other_given = seen.setdefault(name, (field, given is not None))
            if other is field or (use_given and given is None and not other_given):
                continue
            if strict or (given is not None and other_given):
                refuse(source, field, f"{field.name} has the JSON name {name!r} of {other.name}")


def _given(field: Field | Group) -> str | None:
    for option in field.options:
        if option.simple_name == "json_name" and isinstance(option.value, Scalar):
            name = option.value.content.decode(errors="replace")
            return None if name == json_name(field.name) else name
    return None
