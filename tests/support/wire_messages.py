"""Every declared message, and random ones of each kind from a seed."""

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from random import Random
from typing import Any

import app.wire.messages
from app.wire.message import Api, FieldSpec, fields_of
from app.wire.primitives import Kind

INTEGERS = {Kind.INT8: 7, Kind.INT16: 15, Kind.UINT16: 16, Kind.INT32: 31, Kind.INT64: 63}
ERROR_CODES = (-1, 0, 1, 3, 22, 42, 87)
"""Some that exist: kio refuses others."""

LETTERS = "aZ9._-é€𝄞"


def message_types() -> list[type]:
    """Return every request and response."""
    found = []
    for module in pkgutil.iter_modules(app.wire.messages.__path__):
        names = vars(importlib.import_module(f"app.wire.messages.{module.name}")).values()
        found += [one for one in names if isinstance(one, type) and hasattr(one, "__api__")]
    return found


def versions(api: Api) -> range:
    """Return all versions of an API."""
    return range(api.min_version, api.max_version + 1)


def random_message(message_type: type, version: int, random: Random) -> Any:
    """Return a message whose fields, as far as the version has them, hold something random."""
    present = [one for one in fields_of(message_type) if one.is_in(version)]
    return message_type(**{one.name: _value(one, version, random) for one in present})


def as_data(value: Any) -> Any:
    """Return a message as dictionaries, lists and plain values."""
    if is_dataclass(value):
        return {one.name: as_data(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, list):
        return [as_data(one) for one in value]
    return bytes(value) if isinstance(value, memoryview) else value


def _value(spec: FieldSpec, version: int, random: Random) -> Any:
    may_be_null = version >= spec.nullable_since and spec.kind is not Kind.RECORDS
    if may_be_null and random.random() < 0.2:
        return None
    if spec.is_array:
        return [_element(spec, version, random) for _ in range(random.choice([0, 1, 2, 3]))]
    return _element(spec, version, random)


def _element(spec: FieldSpec, version: int, random: Random) -> Any:
    if spec.struct is not None:
        return random_message(spec.struct, version, random)
    kind = spec.kind
    if spec.name.endswith("error_code"):
        return random.choice(ERROR_CODES)
    if spec.name.endswith("_ms") or "timestamp" in spec.name:
        return random.choice([0, 1000, 86_400_000])
    if kind in INTEGERS:
        return _integer(kind, random)
    if kind is Kind.BOOL:
        return random.random() < 0.5
    if kind is Kind.FLOAT64:
        return random.uniform(-1e9, 1e9)
    if kind is Kind.UUID:
        return random.randbytes(16)
    size = random.choice([0, 1, 2, 9, 126, 127, 128, 300])
    if kind is Kind.STRING:
        return "".join(random.choice(LETTERS) for _ in range(size))
    return random.randbytes(size)


def _integer(kind: Kind, random: Random) -> int:
    bits = INTEGERS[kind]
    low = 0 if kind is Kind.UINT16 else -(1 << bits)
    high = (1 << bits) - 1
    return random.choice([low, high, 0, 1, random.randint(low, high)])
