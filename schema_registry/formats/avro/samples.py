"""Samples: a small value of a schema, as JSON, for people and for counter-examples."""

from collections.abc import Mapping
from typing import Any

from schema_registry.formats.avro.types import (
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
    branch_name,
)

SAMPLE_DEPTH_MAX = 40
"""Values inside values of one sample."""

SAMPLE_VALUES_MAX = 2_000
"""Values of one sample."""

_PRIMITIVES: Mapping[str, Any] = {
    "null": None,
    "boolean": True,
    "int": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "bytes": "\u0001",
    "string": "text",
}


class NoSample(Exception):
    """The type has no value that is small enough, or none at all."""


def sample(root: AvroType, choices: Mapping[int, int | str] | None = None) -> Any:
    """Return a value, as the codec takes it.

    Args:
        root: The type.
        choices: The branch's number or the symbol to take, by the identity of the union or enum;
            each counts once, so that a value ends.

    Raises:
        NoSample: There is none.
    """
    return _Sampler(dict(choices or {})).of(root, 0)


class _Sampler:
    def __init__(self, choices: dict[int, int | str]) -> None:
        self._choices = choices
        self._values = 0
        self._open: set[int] = set()

    def of(self, avro: AvroType, depth: int) -> Any:  # noqa: PLR0911 - one for each kind
        self._values += 1
        if depth > SAMPLE_DEPTH_MAX or self._values > SAMPLE_VALUES_MAX:
            raise NoSample
        match avro:
            case Primitive():
                return _PRIMITIVES[avro.kind]
            case Enum():
                return self._symbol(avro)
            case Fixed():
                return "\u0001" * avro.size
            case Union():
                return self._branch(avro, depth + 1)
            case Array():
                return self._unless_it_leads_back(avro.items, depth, lambda one: [one], [])
            case Map():
                return self._unless_it_leads_back(avro.values, depth, lambda one: {"key": one}, {})
            case Record():
                return self._record(avro, depth + 1)

    def _symbol(self, enum: Enum) -> str:
        chosen = self._choices.pop(id(enum), None)
        if chosen is not None:
            return str(chosen)
        if not enum.symbols:
            raise NoSample
        return enum.symbols[0]

    def _branch(self, union: Union, depth: int) -> Any:
        chosen = self._choices.pop(id(union), None)
        if chosen is not None:
            return self._named_branch(union.branches[int(chosen)], depth)
        for branch in sorted(union.branches, key=self._cost):
            kept = dict(self._choices)
            try:
                return self._named_branch(branch, depth)
            except NoSample:
                self._choices = kept
        raise NoSample

    def _named_branch(self, branch: AvroType, depth: int) -> Any:
        value = self.of(branch, depth)
        return None if branch_name(branch) == "null" else {branch_name(branch): value}

    def _cost(self, branch: AvroType) -> int:
        """Return less for what a sample shows rather: values, then null, then what leads back."""
        if id(branch) in self._open:
            return 2
        return 1 if branch_name(branch) == "null" else 0

    def _unless_it_leads_back(self, inner: AvroType, depth: int, wrap: Any, empty: Any) -> Any:
        chosen = dict(self._choices)
        try:
            return wrap(self.of(inner, depth + 1))
        except NoSample:
            self._choices = chosen
            return empty

    def _record(self, record: Record, depth: int) -> Any:
        if id(record) in self._open and not self._choices:
            raise NoSample
        opened = id(record) not in self._open
        self._open.add(id(record))
        try:
            return {field.name: self.of(field.type, depth) for field in record.fields}
        finally:
            if opened:
                self._open.discard(id(record))
