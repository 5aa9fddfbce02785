"""Random Protobuf files, what may become of them, values of them, and what a reader must see.

A reader has to see, under each number that both sides know, what was written: as it was, or as the
other type of the same group shows it (an int32 as an int64, a string as bytes). Values are such as
all types of a group have: no negative numbers, no text beyond ASCII.

What verdicts of Confluent's registry tolerate though a reader does not see it, is left out:
    Numbers that are repeated on one side only: without a label on one side (proto3) labels are not
    compared, and packed numbers are no number.
    Messages that are no longer repeated: the reader merges them.
    Symbols that the reader's closed enum does not have: they are unknown fields there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

SCALARS = ("int32", "int64", "uint32", "uint64", "bool", "sint32", "sint64", "string", "bytes")
SCALARS += ("fixed32", "sfixed32", "fixed64", "sfixed64", "float", "double")
MESSAGES = ("A", "B")
KEYS = ("int32", "string", "bool")
NUMBERS = 8
"""Fields have the numbers 1 to this."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field; of a map its type is the value's."""

    type: str
    name: str
    label: str = ""
    """Empty, ``optional``, ``repeated``, or a key's type for a map."""

    oneof: str = ""


Fields = dict[int, Field]


@dataclass(frozen=True, slots=True)
class File:
    """A file: the message M, and two others that it may use."""

    syntax: str
    messages: dict[str, Fields]
    symbols: int = 3
    """Of the enum E."""

    package: str = ""
    order: tuple[str, ...] = field(default=("M", *MESSAGES))

    def text(self) -> str:
        """Return it as a ``.proto`` file."""
        package = f"package {self.package};\n" if self.package else ""
        symbols = " ".join(f"S{one} = {one};" for one in range(self.symbols))
        messages = "".join(self._message(name) for name in self.order if name in self.messages)
        return f'syntax = "{self.syntax}";\n{package}{messages}enum E {{ {symbols} }}\n'

    def _message(self, name: str) -> str:
        lines, oneofs = [], dict[str, list[str]]()
        for number, one in self.messages[name].items():
            if one.oneof:
                oneofs.setdefault(one.oneof, []).append(f"{one.type} {one.name} = {number};")
            elif one.label in KEYS:
                lines.append(f"map<{one.label}, {one.type}> {one.name} = {number};")
            else:
                label = one.label or ("optional" if self.syntax == "proto2" else "")
                lines.append(f"{label} {one.type} {one.name} = {number};")
        lines += [f"oneof {key} {{ {' '.join(members)} }}" for key, members in oneofs.items()]
        return f"message {name} {{ {' '.join(lines)} }}\n"


class Files:
    """Makes files."""

    def __init__(self, random: Random) -> None:
        """Take a source of chance, so that a run can be repeated."""
        self.random = random

    def file(self) -> File:
        """Return a file."""
        messages = {}
        for name in ("M", *MESSAGES):
            numbers = self.random.sample(range(1, NUMBERS + 1), self.random.randint(1, 5))
            messages[name] = {number: self._field(number) for number in numbers}
        return File(syntax=self.random.choice(["proto2", "proto3"]), messages=messages)

    def evolved(self, file: File) -> File:
        """Return a file after a few changes, harmless ones and others."""
        for _ in range(self.random.randint(1, 3)):
            file = self._changed(file)
        return file

    def _changed(self, file: File) -> File:
        match self.random.randrange(20):
            case 0:
                return replace(file, symbols=self.random.randint(1, 4))
            case 1:
                return replace(file, package=self.random.choice(["", "p"]))
            case 2:
                return replace(file, order=tuple(self.random.sample(file.order, len(file.order))))
            case 3:
                syntax = self.random.choice(["proto2", "proto3"])
                return replace(file, syntax=syntax)
        name = self.random.choice(list(file.messages))
        fields = dict(file.messages[name])
        number = self.random.randint(1, NUMBERS)
        if number not in fields:
            fields[number] = self._field(number)
        else:
            self._change(fields, number)
        return replace(file, messages={**file.messages, name: fields})

    def _change(self, fields: Fields, number: int) -> None:
        old = fields[number]
        match self.random.randrange(6):
            case 0:
                del fields[number]
            case 1:
                fields[number] = replace(old, name=f"renamed{number}")
            case 2:
                fields[number] = replace(old, type=self._type())
            case 3 if not old.oneof:
                label = self.random.choice(["", "optional", "repeated", *KEYS])
                fields[number] = replace(old, label=label)
            case 4:
                fields[number] = replace(old, oneof=self.random.choice(["", "o", "q"]), label="")
            case _:
                for other, one in list(fields.items()):
                    if one.oneof:
                        fields[other] = replace(one, oneof="")

    def _type(self) -> str:
        return self.random.choice([*SCALARS, *SCALARS, "E", *MESSAGES])

    def _field(self, number: int) -> Field:
        label = self.random.choice(["", "", "optional", "repeated", self.random.choice(KEYS)])
        oneof = self.random.choice(["", "", "o", "q"])
        return Field(self._type(), f"f{number}", "" if oneof else label, oneof)


def fill(random: Random, message: Message, depth: int = 3) -> None:
    """Give a message values at random."""
    for one in message.DESCRIPTOR.fields:
        if random.random() < 0.3 or (one.message_type is not None and depth == 0):
            continue
        if one.message_type is not None and one.message_type.GetOptions().map_entry:
            _fill_map(random, getattr(message, one.name), one.message_type, depth)
        elif one.is_repeated:
            values = getattr(message, one.name)
            for _ in range(random.randint(1, 3)):
                if one.message_type is not None:
                    fill(random, values.add(), depth - 1)
                else:
                    values.append(_scalar(random, one))
        elif one.message_type is not None:
            getattr(message, one.name).SetInParent()
            fill(random, getattr(message, one.name), depth - 1)
        else:
            setattr(message, one.name, _scalar(random, one))


def _fill_map(random: Random, values: Any, entry: Any, depth: int) -> None:
    key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for _ in range(random.randint(1, 2)):
        if value.message_type is not None:
            fill(random, values[_scalar(random, key)], depth - 1)
        else:
            values[_scalar(random, key)] = _scalar(random, value)


def _scalar(random: Random, one: FieldDescriptor) -> Any:
    match one.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            text = random.choice(["", "a", "text"])
            return text.encode() if one.type == FieldDescriptor.TYPE_BYTES else text
        case FieldDescriptor.CPPTYPE_BOOL:
            return random.random() < 0.5
        case FieldDescriptor.CPPTYPE_ENUM:
            return random.choice(one.enum_type.values).number
        case FieldDescriptor.CPPTYPE_FLOAT | FieldDescriptor.CPPTYPE_DOUBLE:
            return random.choice([0.0, 0.5, 8.0])
        case _:
            return random.choice([0, 1, 2, 300, 2**31 - 1])


def lost(written: Message, seen: Message, path: str = "") -> Iterator[str]:
    """Return the places where a reader does not see what was written."""
    theirs = {one.number: one for one in seen.DESCRIPTOR.fields}
    for mine, value in written.ListFields():
        other = theirs.get(mine.number)
        if other is None:
            continue
        here = f"{path}/{mine.number}"
        found = getattr(seen, other.name)
        if _is_map(mine) and _is_map(other):
            yield from _lost_of_map(value, found, other, here)
            continue
        if mine.is_repeated != other.is_repeated and not _may_change_label(mine, other):
            continue
        values = list(value) if mine.is_repeated else [value]
        shown = list(found) if other.is_repeated else [found]
        if mine.message_type is None:
            values = [_as(other, one) for one in values]
            if other.enum_type is not None and other.enum_type.is_closed:
                known = other.enum_type.values_by_number
                values = [one for one in values if one in known]
                if not values:
                    continue
            values = values if other.is_repeated else values[-1:]
            if values != [_as(other, one) for one in shown]:
                yield f"{here}: {values} is {shown}"
            continue
        if len(values) != len(shown):
            yield f"{here}: {len(values)} messages are {len(shown)}"
        for before, after in zip(values, shown, strict=False):
            yield from lost(before, after, here)


def _may_change_label(mine: FieldDescriptor, other: FieldDescriptor) -> bool:
    if mine.message_type is not None:
        return not mine.is_repeated
    kind: int = other.cpp_type
    return kind == FieldDescriptor.CPPTYPE_STRING


def _is_map(one: FieldDescriptor) -> bool:
    return one.message_type is not None and one.message_type.GetOptions().map_entry


def _lost_of_map(value: Any, found: Any, other: FieldDescriptor, here: str) -> Iterator[str]:
    key_field = other.message_type.fields_by_name["key"]
    value_field = other.message_type.fields_by_name["value"]
    if value_field.message_type is not None:
        return
    expected = {_as(key_field, key): _as(value_field, one) for key, one in value.items()}
    shown = {_as(key_field, key): _as(value_field, one) for key, one in found.items()}
    if value_field.enum_type is not None and value_field.enum_type.is_closed:
        known = value_field.enum_type.values_by_number
        expected = {key: one for key, one in expected.items() if one in known}
    if expected != shown:
        yield f"{here}: {expected} is {shown}"


def _as(other: FieldDescriptor, value: Any) -> Any:
    """Return a value as the reader's type shows it."""
    if other.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return bool(value)
    if other.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return value.encode() if isinstance(value, str) else value
    return value
