"""The skimmer: walks over bytes of a schema whose values need not end, before fastavro reads them.

fastavro recurses on the C stack and makes each item it is told of, so a few bytes could end the
process: a list linked a million deep, or an array of a thousand million nulls. Only schemas that
lead back to themselves, or whose arrays hold items of no bytes, can say such things; only those
are skimmed.
Source: Avro specification 1.12, "Binary Encoding".
"""

from collections.abc import Callable

from schema_registry.formats.avro.types import (
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
)

VALUE_DEPTH_MAX = 100
"""Records inside records of one value."""

EMPTY_ITEMS_MAX = 100_000
"""Items without bytes in one array."""

_VARINT_BYTES_MAX = 10
_WIDTHS = {"null": 0, "boolean": 1, "float": 4, "double": 8}

Skip = Callable[[bytes, int, int], int]
"""Bytes, the position where a value begins, how deep it is: the position behind it."""


def needs_skimming(root: AvroType) -> bool:
    """Say whether values of a type may be deeper, or have more items, than they have bytes."""
    return _leads_back(root, set(), set()) or _has_empty_items(root, set())


def skimmer(root: AvroType) -> Callable[[bytes], None]:
    """Return a function that raises ValueError for bytes that no codec should read."""
    skip = _Skips().of(root)

    def skim(data: bytes) -> None:
        skip(data, 0, 0)

    return skim


def _parts(avro: AvroType) -> list[AvroType]:
    match avro:
        case Array():
            return [avro.items]
        case Map():
            return [avro.values]
        case Union():
            return list(avro.branches)
        case Record():
            return [field.type for field in avro.fields]
        case _:
            return []


def _leads_back(avro: AvroType, open_: set[int], done: set[int]) -> bool:
    key = id(avro)
    if key in open_:
        return True
    if key in done:
        return False
    open_.add(key)
    found = any(_leads_back(part, open_, done) for part in _parts(avro))
    open_.discard(key)
    done.add(key)
    return found


def _has_empty_items(avro: AvroType, done: set[int]) -> bool:
    if id(avro) in done:
        return False
    done.add(id(avro))
    if isinstance(avro, Array) and _is_empty(avro.items, set()):
        return True
    return any(_has_empty_items(part, done) for part in _parts(avro))


def _is_empty(avro: AvroType, open_: set[int]) -> bool:
    """Say whether values of a type have no bytes."""
    match avro:
        case Primitive():
            return avro.kind == "null"
        case Fixed():
            return avro.size == 0
        case Record():
            if id(avro) in open_:
                return True
            inner = open_ | {id(avro)}
            return all(_is_empty(field.type, inner) for field in avro.fields)
        case _:
            return False


def _long(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    for size in range(_VARINT_BYTES_MAX):
        if position + size >= len(data):
            raise ValueError("the bytes end in the middle of a value")
        byte = data[position + size]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), position + size + 1
        shift += 7
    raise ValueError("a number of more than 64 bits")


def _counted(data: bytes, position: int, _depth: int) -> int:
    length, position = _long(data, position)
    if length < 0 or position + length > len(data):
        raise ValueError("the bytes end in the middle of a value")
    return position + length


def _varint(data: bytes, position: int, _depth: int) -> int:
    return _long(data, position)[1]


def _wide(width: int) -> Skip:
    def skip(data: bytes, position: int, _depth: int) -> int:
        if position + width > len(data):
            raise ValueError("the bytes end in the middle of a value")
        return position + width

    return skip


class _Skips:
    def __init__(self) -> None:
        self._records: dict[int, Skip] = {}

    def of(self, avro: AvroType) -> Skip:  # noqa: PLR0911 - one for each kind
        match avro:
            case Primitive(kind=kind) if kind in _WIDTHS:
                return _wide(_WIDTHS[kind])
            case Primitive():
                return _varint if avro.kind in ("int", "long") else _counted
            case Enum():
                return _varint
            case Fixed():
                return _wide(avro.size)
            case Array():
                return self._blocks(self.of(avro.items), empty=_is_empty(avro.items, set()))
            case Map():
                value = self.of(avro.values)
                return self._blocks(
                    lambda data, position, depth: value(
                        data, _counted(data, position, depth), depth
                    )
                )
            case Union():
                return self._union([self.of(branch) for branch in avro.branches])
            case Record():
                return self._record(avro)

    def _blocks(self, item: Skip, *, empty: bool = False) -> Skip:
        def skip(data: bytes, position: int, depth: int) -> int:
            items = 0
            while True:
                count, position = _long(data, position)
                if count < 0:
                    count = -count
                    _, position = _long(data, position)
                items += count
                if count == 0:
                    return position
                if empty and items > EMPTY_ITEMS_MAX:
                    raise ValueError(f"more than {EMPTY_ITEMS_MAX} items without bytes")
                for _ in range(count):
                    position = item(data, position, depth)

        return skip

    def _union(self, branches: list[Skip]) -> Skip:
        def skip(data: bytes, position: int, depth: int) -> int:
            number, position = _long(data, position)
            if not 0 <= number < len(branches):
                raise ValueError("a union without this branch")
            return branches[number](data, position, depth)

        return skip

    def _record(self, record: Record) -> Skip:
        key = id(record)
        known = self._records.get(key)
        if known is not None:
            return known
        skips: list[Skip] = []

        def skip(data: bytes, position: int, depth: int) -> int:
            if depth > VALUE_DEPTH_MAX:
                raise ValueError(f"more than {VALUE_DEPTH_MAX} records deep")
            for one in skips:
                position = one(data, position, depth + 1)
            return position

        self._records[key] = skip
        skips += (self.of(field.type) for field in record.fields)
        return skip
