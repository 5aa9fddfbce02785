"""Syntax tree of a .proto text: what it says, in the order it says it, without comments.

Trees are frozen and compare by content; where a thing stood is kept beside it for messages and
does not count. A body holds its parts in the order of the text; the properties pick those of one
kind. Numbers in options stay as they were written, because they are part of the canonical text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from schema_registry.formats.protobuf.limits import FIELD_NUMBER_MAX


class ValueKind(StrEnum):
    """What the value of an option is."""

    WORD = "word"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: of an option, a default, a part of an aggregate."""

    kind: ValueKind
    text: str
    """As written, with its sign; of a string nothing."""

    content: bytes = b""
    """What a string means."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of an aggregate."""

    name: str
    """``name``, ``[an.extension]``, or ``[domain/a.Type]``."""

    value: "Value"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A value in braces: a message in text format."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ListValue:
    """Values in square brackets, within an aggregate."""

    values: "tuple[Value, ...]"


Value: TypeAlias = Scalar | Aggregate | ListValue


@dataclass(frozen=True, slots=True)
class NamePart:
    """One step of an option's name."""

    name: str
    is_extension: bool
    """Whether it stands in parentheses."""


@dataclass(frozen=True, slots=True)
class Option:
    """``name = value``."""

    name: tuple[NamePart, ...]
    value: Value
    position: int = field(default=0, compare=False, repr=False)

    @property
    def simple_name(self) -> str | None:
        """The name if it is of one plain step, ``deprecated`` for one."""
        return None if len(self.name) > 1 or self.name[0].is_extension else self.name[0].name


class Label(StrEnum):
    """What stands before a field's type."""

    OPTIONAL = "optional"
    REQUIRED = "required"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class MapType:
    """``map<key, value>``."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message, a oneof, or an extension."""

    name: str
    number: int
    type: str | MapType
    """As written: a scalar's word or a name, maybe with a leading dot."""

    label: Label | None = None
    options: tuple[Option, ...] = ()
    """All in brackets, ``default`` and ``json_name`` too."""

    position: int = field(default=0, compare=False, repr=False)

    def option(self, name: str) -> Option | None:
        """Return the option of a plain name."""
        return next((one for one in self.options if one.simple_name == name), None)


@dataclass(frozen=True)
class Message:
    """A message, or the body of a group."""

    name: str
    body: "tuple[MessagePart, ...]" = ()
    visibility: str | None = None
    """``export`` or ``local`` (edition 2024)."""

    position: int = field(default=0, compare=False, repr=False)

    @cached_property
    def messages(self) -> "tuple[Message, ...]":
        """Messages declared inside; groups are none."""
        return tuple(part for part in self.body if isinstance(part, Message))

    @cached_property
    def enums(self) -> "tuple[Enum, ...]":
        """Enums declared inside."""
        return tuple(part for part in self.body if isinstance(part, Enum))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Fields outside oneofs; groups are none."""
        return tuple(part for part in self.body if isinstance(part, Field))

    @cached_property
    def groups(self) -> "tuple[Group, ...]":
        """Groups outside oneofs."""
        return tuple(part for part in self.body if isinstance(part, Group))

    @cached_property
    def oneofs(self) -> "tuple[Oneof, ...]":
        """Oneofs."""
        return tuple(part for part in self.body if isinstance(part, Oneof))

    @cached_property
    def extends(self) -> "tuple[Extend, ...]":
        """Extensions declared inside."""
        return tuple(part for part in self.body if isinstance(part, Extend))

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """Options of the message itself."""
        return tuple(part for part in self.body if isinstance(part, Option))

    @cached_property
    def is_map_entry(self) -> bool:
        """Whether it says of itself that it is the entry of a map, as descriptors do."""
        return any(one.simple_name == "map_entry" and is_true(one.value) for one in self.options)

    def all_fields(self) -> "Iterator[tuple[Field | Group, Oneof | None]]":
        """Yield fields and groups with the oneof they are in, in the order of the text."""
        for part in self.body:
            if isinstance(part, Field | Group):
                yield part, None
            elif isinstance(part, Oneof):
                for member in part.members:
                    yield member, part


@dataclass(frozen=True, slots=True)
class Group:
    """A field that declares its message on the spot (proto2)."""

    number: int
    message: Message
    label: Label | None = None
    options: tuple[Option, ...] = ()
    position: int = field(default=0, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the field: the message's in lower case."""
        return self.message.name.lower()

    @property
    def type(self) -> str:
        """Name of its message."""
        return self.message.name


@dataclass(frozen=True, slots=True)
class Oneof:
    """Fields of which one at most is set."""

    name: str
    members: tuple[Field | Group, ...] = ()
    options: tuple[Option, ...] = ()
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from one to another, both inclusive."""

    first: int
    last: int

    def text(self, most: int = FIELD_NUMBER_MAX) -> str:
        """Return it as it is written; ``most`` is what ``max`` means."""
        if self.first == self.last:
            return str(self.first)
        return f"{self.first} to {'max' if self.last == most else self.last}"


@dataclass(frozen=True, slots=True)
class ReservedName:
    """A name that must not be used again; in editions it stands without quotes."""

    name: str
    is_quoted: bool = True


@dataclass(frozen=True, slots=True)
class Reserved:
    """Numbers or names that must not be used again."""

    values: tuple[Range | ReservedName, ...]
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Extensions:
    """Numbers that others may use for extensions."""

    ranges: tuple[Range, ...]
    options: tuple[Option, ...] = ()
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Extend:
    """Fields added to a message of somebody else."""

    extendee: str
    members: tuple[Field | Group, ...] = ()
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A name with a number."""

    name: str
    number: int
    options: tuple[Option, ...] = ()
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Enum:
    """An enum."""

    name: str
    body: "tuple[EnumValue | Option | Reserved, ...]" = ()
    visibility: str | None = None
    position: int = field(default=0, compare=False, repr=False)

    @cached_property
    def values(self) -> tuple[EnumValue, ...]:
        """Its values."""
        return tuple(part for part in self.body if isinstance(part, EnumValue))

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """Options of the enum itself."""
        return tuple(part for part in self.body if isinstance(part, Option))

    @cached_property
    def reserved(self) -> tuple[Reserved, ...]:
        """What must not be used again."""
        return tuple(part for part in self.body if isinstance(part, Reserved))


@dataclass(frozen=True, slots=True)
class Method:
    """A procedure of a service."""

    name: str
    request: str
    response: str
    streams_requests: bool = False
    streams_responses: bool = False
    options: tuple[Option, ...] = ()
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Service:
    """A service."""

    name: str
    methods: tuple[Method, ...] = ()
    options: tuple[Option, ...] = ()
    position: int = field(default=0, compare=False, repr=False)


class ImportKind(StrEnum):
    """What an import gives."""

    PLAIN = ""
    PUBLIC = "public"
    """Whoever imports this file sees that one too."""

    WEAK = "weak"
    OPTION = "option"
    """Only for options (edition 2024)."""


@dataclass(frozen=True, slots=True)
class Import:
    """A file that this one needs."""

    path: str
    kind: ImportKind = ImportKind.PLAIN
    position: int = field(default=0, compare=False, repr=False)


MessagePart: TypeAlias = (
    Field | Group | Oneof | Message | Enum | Extend | Option | Reserved | Extensions
)
Declaration: TypeAlias = Message | Enum | Extend | Service


@dataclass(frozen=True)
class ProtoFile:
    """A whole text."""

    syntax: str | None = None
    """``proto2``, ``proto3`` or an edition, ``2023`` for one; None if the text does not say."""

    is_edition: bool = False
    package: str | None = None
    imports: tuple[Import, ...] = ()
    options: tuple[Option, ...] = ()
    declarations: tuple[Declaration, ...] = ()

    @property
    def is_proto3(self) -> bool:
        """Whether it is proto3."""
        return self.syntax == "proto3"

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """Messages at the top."""
        return tuple(one for one in self.declarations if isinstance(one, Message))

    @cached_property
    def enums(self) -> tuple[Enum, ...]:
        """Enums at the top."""
        return tuple(one for one in self.declarations if isinstance(one, Enum))

    @cached_property
    def extends(self) -> tuple[Extend, ...]:
        """Extensions at the top."""
        return tuple(one for one in self.declarations if isinstance(one, Extend))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """Services."""
        return tuple(one for one in self.declarations if isinstance(one, Service))


def is_true(value: Value) -> bool:
    """Return whether a value is the word ``true``."""
    return isinstance(value, Scalar) and value.kind is ValueKind.WORD and value.text == "true"


def word(text: str) -> Scalar:
    """Return the value of a word."""
    return Scalar(ValueKind.WORD, text)


def string(content: bytes) -> Scalar:
    """Return the value of a string."""
    return Scalar(ValueKind.STRING, "", content)


def plain_option(name: str, value: Value) -> Option:
    """Return an option of a plain name."""
    return Option((NamePart(name, is_extension=False),), value)
