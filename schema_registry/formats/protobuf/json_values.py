"""JSON values to the fields of messages, by a plan that is made once for each message type.

The rules are those of Protobuf's JSON mapping, held strictly: unknown fields, two members of a
oneof and values out of range are refused, each with its path. Well-known types go through
protobuf's own mapping. A plan turns a JSON object to keyword arguments, from which the C core
builds the message in one go; that is what makes it fast.
Called by: codec.
Source: protobuf.dev, "ProtoJSON Format".
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from schema_registry.formats.protobuf.descriptors.defaults import as_single
from schema_registry.formats.protobuf.limits import JSON_DEPTH_MAX
from schema_registry.formats.protobuf.scalars import INTEGER_RANGES, WORDS

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DIGITS_MAX = 25
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_FLOAT_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_URL_SAFE = str.maketrans("-_", "+/")
_WELL_KNOWN = "google.protobuf."

Convert: TypeAlias = Callable[[Any, int], Any]
"""From a JSON value, and the depth it stands at, to what the C core takes."""


class Misfit(Exception):
    """A value does not fit; the steps of its path are gathered from within."""

    def __init__(self, message: str) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.message = message
        self.steps: list[str | int] = []

    def path(self) -> str:
        """Return where, as a JSON pointer."""
        steps = (str(one).replace("~", "~0").replace("/", "~1") for one in reversed(self.steps))
        return "".join("/" + one for one in steps)


class HasExtensions(Exception):
    """A value names extensions: protobuf's own mapping has to take it."""


class Plan:
    """How JSON objects become messages of one type."""

    def __init__(self, descriptor: Descriptor) -> None:
        """Begin a plan; ``Plans`` fills it in."""
        self.message_class: Any = GetMessageClass(descriptor)
        self.name: str = descriptor.full_name
        self.fields: dict[str, tuple[str, Convert, bool]] = {}
        """By JSON name and by name: the name, what converts, whether null is a value."""

        self.oneofs: dict[str, str] = {}
        """Members of oneofs to the oneof."""

    def arguments(self, value: Any, depth: int) -> dict[str, Any]:
        """Return the keyword arguments of a message.

        Raises:
            Misfit: The value does not fit. HasExtensions: Another has to see.
        """
        if type(value) is not dict:
            raise Misfit(f"expected an object for {self.name}")
        if depth > JSON_DEPTH_MAX:
            raise Misfit(f"more than {JSON_DEPTH_MAX} objects within objects")
        arguments: dict[str, Any] = {}
        fields = self.fields
        for key, one in value.items():
            found = fields.get(key)
            if found is None:
                raise self._unknown(key)
            name, convert, takes_null = found
            if one is None and not takes_null:
                continue
            if name in arguments:
                raise _at(key, Misfit(f"{name} is given twice"))
            try:
                arguments[name] = convert(one, depth)
            except Misfit as misfit:
                raise _at(key, misfit) from None
        if self.oneofs:
            self._check_oneofs(arguments)
        return arguments

    def _unknown(self, key: object) -> Exception:
        if isinstance(key, str) and key.startswith("["):
            return HasExtensions()
        return _at(str(key), Misfit(f"{self.name} has no such field"))

    def _check_oneofs(self, arguments: dict[str, Any]) -> None:
        seen: dict[str, str] = {}
        for name in arguments:
            oneof = self.oneofs.get(name)
            if oneof is None:
                continue
            other = seen.setdefault(oneof, name)
            if other is not name:
                raise _at(name, Misfit(f"{other} of the same oneof {oneof} is set too"))


class Plans:
    """The plans of the message types of one schema, made when they are first needed."""

    def __init__(self, pool: DescriptorPool) -> None:
        """Begin without any."""
        self._pool = pool
        self._plans: dict[str, Plan] = {}

    def plan(self, descriptor: Descriptor) -> Plan:
        """Return the plan of a message type."""
        plan = self._plans.get(descriptor.full_name)
        if plan is None:
            plan = Plan(descriptor)
            self._plans[descriptor.full_name] = plan
            for field in descriptor.fields:
                self._add(plan, field)
        return plan

    def _add(self, plan: Plan, field: FieldDescriptor) -> None:
        takes_null = not field.is_repeated and _takes_null(field)
        found = (field.name, self._convert(field), takes_null)
        plan.fields.setdefault(field.name, found)
        plan.fields[field.json_name] = found
        if field.containing_oneof is not None:
            plan.oneofs[field.name] = field.containing_oneof.name

    def _convert(self, field: FieldDescriptor) -> Convert:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._map(field.message_type)
        one = self._single(field)
        return _list(one, takes_null=_takes_null(field)) if field.is_repeated else one

    def _single(self, field: FieldDescriptor) -> Convert:
        if field.message_type is not None:
            return self._message(field.message_type)
        return scalar_converter(field)

    def _message(self, descriptor: Descriptor) -> Convert:
        if descriptor.full_name.startswith(_WELL_KNOWN):
            return self._library(descriptor)
        plan: list[Plan] = []  # made when it is needed: messages may hold themselves

        def convert(value: Any, depth: int) -> Any:
            if not plan:
                plan.append(self.plan(descriptor))
            return plan[0].arguments(value, depth + 1)

        return convert

    def _library(self, descriptor: Descriptor) -> Convert:
        message_class = GetMessageClass(descriptor)
        pool = self._pool

        def convert(value: Any, depth: int) -> Any:
            try:
                return json_format.ParseDict(
                    value,
                    message_class(),
                    descriptor_pool=pool,
                    max_recursion_depth=JSON_DEPTH_MAX - min(depth, JSON_DEPTH_MAX - 1),
                )
            except (json_format.ParseError, ValueError, TypeError, AttributeError) as error:
                raise Misfit(f"{descriptor.full_name}: {error}") from error

        return convert

    def _map(self, entry: Descriptor) -> Convert:
        key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
        key_of = _key_converter(key_field)
        value_of = self._single(value_field)
        takes_null = _takes_null(value_field)
        inner = value_field.message_type
        message_class = None if inner is None else GetMessageClass(inner)

        def convert(value: Any, depth: int) -> Any:
            if type(value) is not dict:
                raise Misfit("expected an object for a map")
            made: dict[Any, Any] = {}
            for key, one in value.items():
                try:
                    if one is None and not takes_null:
                        raise Misfit("null is no value of a map")
                    item = value_of(one, depth)
                    if message_class is not None and type(item) is dict:
                        item = message_class(**item)
                    made[key_of(key)] = item
                except Misfit as misfit:
                    raise _at(key, misfit) from None
            if len(made) != len(value):
                raise Misfit("two keys of a map are the same")
            return made

        return convert


def _at(step: str | int, misfit: Misfit) -> Misfit:
    misfit.steps.append(step)
    return misfit


def _takes_null(field: FieldDescriptor) -> bool:
    """Return whether null is a value of a field's type and not its absence."""
    if field.message_type is not None:
        return bool(field.message_type.full_name == "google.protobuf.Value")
    return field.enum_type is not None and field.enum_type.full_name == "google.protobuf.NullValue"


def _list(one: Convert, *, takes_null: bool) -> Convert:
    def convert(value: Any, depth: int) -> Any:
        if type(value) is not list:
            raise Misfit("expected a list")
        made: list[Any] = []
        for index, item in enumerate(value):
            try:
                if item is None and not takes_null:
                    raise Misfit("null is no element of a list")
                made.append(one(item, depth))
            except Misfit as misfit:
                raise _at(index, misfit) from None
        return made

    return convert


def scalar_converter(field: FieldDescriptor) -> Convert:
    """Return what turns a JSON value to one of a scalar field."""
    if field.enum_type is not None:
        return _enum(field.enum_type)
    word = WORDS[field.type]  # type: ignore[index]
    if word in INTEGER_RANGES:
        return _integer(word, *INTEGER_RANGES[word])
    if word in ("float", "double"):
        return _single_float if word == "float" else _float
    return {"bool": _bool, "string": _string, "bytes": _bytes}[word]


def _integer(word: str, least: int, most: int) -> Convert:
    def convert(value: Any, _: int) -> int:
        number = value
        if type(value) is not int:
            number = _loose_integer(value, word)
        if not least <= number <= most:
            raise Misfit(f"{str(number)[:40]} is out of the range of {word}")
        return int(number)

    return convert


def _loose_integer(value: Any, word: str) -> int:
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and len(value) <= _DIGITS_MAX and _INTEGER.fullmatch(value):
        return int(value)
    raise Misfit(f"expected {word}, found {_short(value)}")


def _float(value: Any, _: int) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise Misfit("a number out of range") from None
    if type(value) is str:
        if value in _FLOAT_WORDS:
            return _FLOAT_WORDS[value]
        if _FLOAT.fullmatch(value):
            return float(value)
    raise Misfit(f"expected a number, found {_short(value)}")


def _single_float(value: Any, depth: int) -> float:
    number = _float(value, depth)
    if as_single(number) in (float("inf"), float("-inf")) and abs(number) != float("inf"):
        raise Misfit(f"{number} is out of the range of float")
    return number


def _bool(value: Any, _: int) -> bool:
    if type(value) is not bool:
        raise Misfit(f"expected true or false, found {_short(value)}")
    return value


def _string(value: Any, _: int) -> str:
    if type(value) is not str:
        raise Misfit(f"expected a string, found {_short(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Misfit("a string with half a surrogate pair") from None
    return value


def _bytes(value: Any, _: int) -> bytes:
    if type(value) is not str:
        raise Misfit(f"expected bytes in base64, found {_short(value)}")
    text = value.rstrip("=").translate(_URL_SAFE)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Misfit("expected bytes in base64") from None


def _enum(descriptor: EnumDescriptor) -> Convert:
    numbers = {one.name: one.number for one in descriptor.values}
    known = frozenset(numbers.values())
    is_closed = descriptor.is_closed
    is_null = descriptor.full_name == "google.protobuf.NullValue"
    integer = _integer("int32", *INTEGER_RANGES["int32"])

    def convert(value: Any, depth: int) -> int:
        if type(value) is str:
            number = numbers.get(value)
            if number is None:
                raise Misfit(f"{descriptor.full_name} has no value {_short(value)}")
            return int(number)
        if value is None and is_null:
            return 0
        number = integer(value, depth)
        if is_closed and number not in known:
            raise Misfit(f"{descriptor.full_name} has no value {number}")
        return int(number)

    return convert


def _key_converter(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _bool_key
    convert = scalar_converter(field)
    return lambda key: convert(key, 0)


def _bool_key(key: Any) -> bool:
    if key not in ("true", "false"):
        raise Misfit("the keys of this map are true and false")
    return bool(key == "true")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
