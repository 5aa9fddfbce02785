"""Printer: a syntax tree as the text that is stored, compared for identity and given to clients.

The order and layout are those of Confluent's registry, to the blank: reserved numbers, options,
fields, oneofs, groups, extension ranges, messages, enums; every line inside a declaration is
indented, the blank ones of what is
nested too. A text that was printed and is parsed again prints the same.
Where Confluent's printer would give something that is no Protobuf (defaults of bytes without
quotes), this one gives what is.
"""

from collections.abc import Iterable

from schema_registry.formats.protobuf.limits import ENUM_NUMBER_MAX, FIELD_NUMBER_MAX
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    Enum,
    EnumValue,
    Extend,
    Extensions,
    Field,
    Group,
    ImportKind,
    Label,
    ListValue,
    MapType,
    Message,
    Method,
    Oneof,
    Option,
    ProtoFile,
    Range,
    Reserved,
    ReservedName,
    Scalar,
    Service,
    Value,
    ValueKind,
)

_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", "'": "\\'", '"': '\\"',
}  # fmt: skip
_ESCAPE_TABLE = str.maketrans(
    {chr(code): f"\\{code:03o}" for code in (*range(32), 127)}
    | {chr(0xDC00 + code): f"\\{code:03o}" for code in range(128, 256)}
    | _ESCAPES
)
"""With ``surrogateescape`` a byte that is no UTF-8 decodes to one of the second line."""

_LAST_OPTIONS = ("default", "json_name")
"""Stand behind the other options of a field."""


def print_proto(file: ProtoFile) -> str:
    """Return the text of a tree."""
    lines: list[str] = []
    if file.syntax is not None:
        lines.append(f'{"edition" if file.is_edition else "syntax"} = "{file.syntax}";')
    if file.package is not None:
        lines.append(f"package {file.package};")
    imports = [
        f"import {one.kind}{' ' if one.kind else ''}{quoted(one.path.encode())};"
        for kind in ImportKind
        for one in file.imports
        if one.kind is kind
    ]
    types = [line for one in file.messages for line in _message(one)]
    types += [line for one in file.enums for line in _enum(one)]
    _section(lines, imports)
    _section(lines, [line for one in file.options for line in _option_statement(one)])
    _section(lines, types)
    _section(lines, [line for one in file.extends for line in _extend(one)])
    _section(lines, [line for one in file.services for line in _service(one)])
    return "".join(line + "\n" for line in lines)


def _section(lines: list[str], more: list[str]) -> None:
    if more:
        lines.append("")
        lines += more


def _block(head: str, sections: Iterable[list[str]]) -> list[str]:
    """Return a declaration with braces: a blank line between its sections."""
    lines = [head + " {"]
    for section in sections:
        if section:
            if len(lines) > 1:
                lines.append("")
            lines += ["  " + line for line in section]
    return [head + " {}"] if len(lines) == 1 else [*lines, "}"]


def _message(message: Message) -> list[str]:
    return _block(_visible(message.visibility, f"message {message.name}"), _body(message))


def _visible(visibility: str | None, head: str) -> str:
    return f"{visibility} {head}" if visibility else head


def _body(message: Message) -> Iterable[list[str]]:
    body = message.body
    yield [line for one in body if isinstance(one, Reserved) for line in _reserved(one)]
    yield [line for one in message.options for line in _option_statement(one)]
    yield [line for one in message.fields for line in _field(one)]
    yield [line for one in message.oneofs for line in _oneof(one)]
    yield [line for one in message.groups for line in _group(one)]
    yield [line for one in body if isinstance(one, Extensions) for line in _extensions(one)]
    types = [line for one in message.messages for line in _message(one)]
    yield types + [line for one in message.enums for line in _enum(one)]
    yield [line for one in message.extends for line in _extend(one)]


def _field(field: Field) -> list[str]:
    type_ = field.type
    if isinstance(type_, MapType):
        type_ = f"map<{type_.key}, {type_.value}>"
    return _lines(f"{_label(field.label)}{type_} {field.name} = {field.number}", field.options)


def _label(label: Label | None) -> str:
    return f"{label} " if label else ""


def _lines(head: str, options: tuple[Option, ...]) -> list[str]:
    """Return a declaration that ends with its options and a semicolon."""
    return f"{head}{_bracketed(options)};".split("\n")


def _bracketed(options: tuple[Option, ...]) -> str:
    texts = [option_text(one) for one in last_options_last(options)]
    if len(texts) < 2:
        return f" [{texts[0]}]" if texts else ""
    return " [\n" + indented(",\n".join(texts)) + "\n]"


def last_options_last(options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Return options with ``default`` and ``json_name`` behind the others."""
    last = [one for name in _LAST_OPTIONS for one in options if one.simple_name == name]
    return (*(one for one in options if one.simple_name not in _LAST_OPTIONS), *last)


def _group(group: Group) -> list[str]:
    head = f"{_label(group.label)}group {group.message.name} = {group.number}"
    return "\n".join(_block(head + _bracketed(group.options), _body(group.message))).split("\n")


def _member(member: Field | Group) -> list[str]:
    return _group(member) if isinstance(member, Group) else _field(member)


def _oneof(oneof: Oneof) -> list[str]:
    sections = (
        [line for one in oneof.options for line in _option_statement(one)],
        [line for one in oneof.members if isinstance(one, Field) for line in _field(one)],
        [line for one in oneof.members if isinstance(one, Group) for line in _group(one)],
    )
    return _block(f"oneof {oneof.name}", sections)


def _extend(extend: Extend) -> list[str]:
    members = [line for one in extend.members for line in _member(one)]
    return _block(f"extend {extend.extendee}", [members])


def _extensions(extensions: Extensions) -> list[str]:
    ranges = ", ".join(one.text() for one in extensions.ranges)
    return _lines(f"extensions {ranges}", extensions.options)


def _reserved(reserved: Reserved, most: int = FIELD_NUMBER_MAX) -> list[str]:
    texts = [_reserved_text(one, most) for one in reserved.values]
    return [f"reserved {', '.join(texts)};"]


def _reserved_text(value: Range | ReservedName, most: int) -> str:
    if isinstance(value, Range):
        return value.text(most)
    return quoted(value.name.encode()) if value.is_quoted else value.name


def _enum(enum: Enum) -> list[str]:
    options = [line for one in enum.options for line in _option_statement(one)]
    values = [line for one in enum.values for line in _enum_value(one)]
    reserved = [line for one in enum.reserved for line in _reserved(one, ENUM_NUMBER_MAX)]
    return _block(_visible(enum.visibility, f"enum {enum.name}"), (reserved, options + values))


def _enum_value(value: EnumValue) -> list[str]:
    return _lines(f"{value.name} = {value.number}", value.options)


def _service(service: Service) -> list[str]:
    sections = (
        [line for one in service.options for line in _option_statement(one)],
        [line for one in service.methods for line in _method(one)],
    )
    return _block(f"service {service.name}", sections)


def _method(method: Method) -> list[str]:
    request = ("stream " if method.streams_requests else "") + method.request
    response = ("stream " if method.streams_responses else "") + method.response
    head = f"rpc {method.name} ({request}) returns ({response})"
    if not method.options:
        return [head + ";"]
    options = [line for one in method.options for line in _option_statement(one)]
    return [head + " {", *("  " + line for line in options), "};"]


def _option_statement(option: Option) -> list[str]:
    return f"option {option_text(option)};".split("\n")


def option_text(option: Option) -> str:
    """Return ``name = value``, over several lines if the value has braces."""
    return f"{option_name(option)} = {value_text(option.value)}"


def option_name(option: Option) -> str:
    """Return the name of an option as it is written."""
    return ".".join(f"({part.name})" if part.is_extension else part.name for part in option.name)


def value_text(value: Value) -> str:
    """Return a value as it is written."""
    if isinstance(value, Scalar):
        return quoted(value.content) if value.kind is ValueKind.STRING else value.text
    if isinstance(value, ListValue):
        if not value.values:
            return "[]"
        return "[\n" + indented(",\n".join(value_text(one) for one in value.values)) + "\n]"
    return _aggregate_text(value)


def _aggregate_text(value: Aggregate) -> str:
    if not value.entries:
        return "{}"
    entries = (f"{one.name}: {value_text(one.value)}" for one in value.entries)
    return "{\n" + indented(",\n".join(entries)) + "\n}"


def quoted(content: bytes) -> str:
    """Return a string as it is written: UTF-8 as it is, other bytes and controls escaped."""
    return f'"{content.decode(errors="surrogateescape").translate(_ESCAPE_TABLE)}"'


def indented(text: str) -> str:
    """Return a text with each line moved to the right."""
    return "\n".join("  " + line for line in text.split("\n"))
