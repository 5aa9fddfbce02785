"""The shape that fastavro is given: a schema without what its codec does not need.

No logical types and no defaults. fastavro tells the branches of a union apart only if they are
records, so all branches but those of a nullable type are wrapped in records of one field, which
are written as that field is. Named types have names of ours, which no namespace changes.
"""

from typing import Any

from schema_registry.errors import BoundExceeded
from schema_registry.formats.avro.types import (
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Union,
    branch_name,
)

WRAPPED = "v"
"""The one field of a record around a branch."""


VALUES_MAX = 100_000
"""Values that one record holds at least; records of records multiply without a byte."""


def check_weight(root: AvroType) -> None:
    """Refuse a schema whose least value holds more values than are read.

    Raises:
        BoundExceeded: It does.
    """
    if _weight(root, {}) > VALUES_MAX:
        raise BoundExceeded("", f"a value of this schema holds more than {VALUES_MAX} values")


def _weight(avro: AvroType, known: dict[int, int]) -> int:
    match avro:
        case Union():
            return max((_weight(branch, known) for branch in avro.branches), default=1)
        case Array():
            return _weight(avro.items, known)
        case Map():
            return _weight(avro.values, known)
        case Record():
            if id(avro) not in known:
                known[id(avro)] = 1
                known[id(avro)] = 1 + sum(_weight(field.type, known) for field in avro.fields)
            return known[id(avro)]
        case _:
            return 1


def nullable(union: Union) -> AvroType | None:
    """Return the other type of a union of null and one more; None for other unions."""
    others = [branch for branch in union.branches if branch_name(branch) != "null"]
    return others[0] if len(others) == 1 and len(union.branches) == 2 else None


class Shape:
    """The schema as fastavro is given it: no logical types, no defaults, unions told apart."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        """Ours for each named type, and for each wrapped branch."""

    def of(self, avro: AvroType) -> Any:
        """Return the shape of a type."""
        match avro:
            case Primitive():
                return avro.kind
            case Array():
                return {"type": "array", "items": self.of(avro.items)}
            case Map():
                return {"type": "map", "values": self.of(avro.values)}
            case Union():
                if nullable(avro) is not None:
                    return [self.of(branch) for branch in avro.branches]
                return [self._wrapper(avro, number) for number in range(len(avro.branches))]
            case _:
                return self._named(avro)

    def wrapper_name(self, union: Union, number: int) -> str:
        """Return the name of the record around a branch."""
        return f"{self.names[id(union)]}_{number}"

    def _named(self, avro: Named) -> Any:
        known = self.names.get(id(avro))
        if known is not None:
            return known
        name = self.names[id(avro)] = f"t{len(self.names)}"
        match avro:
            case Enum():
                return {"type": "enum", "name": name, "symbols": list(avro.symbols)}
            case Fixed():
                return {"type": "fixed", "name": name, "size": avro.size}
            case Record():
                fields = [{"name": one.name, "type": self.of(one.type)} for one in avro.fields]
                return {"type": "record", "name": name, "fields": fields}

    def _wrapper(self, union: Union, number: int) -> Any:
        self.names.setdefault(id(union), f"u{len(self.names)}")
        return {
            "type": "record",
            "name": self.wrapper_name(union, number),
            "fields": [{"name": WRAPPED, "type": self.of(union.branches[number])}],
        }
