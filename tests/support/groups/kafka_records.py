"""Kafka's definitions of the records in internal topics, read by kafka-python's codec.

The definitions (``offsets_schemas/*.json``) are the fields of Apache Kafka's; the code that
encodes and decodes by them is independent of ours.
"""

from functools import cache
from typing import Any

from kafka.protocol.api_data import ApiData


@cache
def kafka_data(name: str) -> Any:
    """Return kafka-python's class for one of the definitions."""
    return type(ApiData)(name, (ApiData,), {}, load_json="tests.support.groups.offsets_schemas")


def kafka_bytes(name: str, version: int, **fields: Any) -> bytes:
    """Return the bytes of a key or value: its version, then its fields."""
    return bytes(kafka_data(name)(**fields).encode(version=version))


def kafka_fields(name: str, raw: bytes) -> tuple[int, dict[str, Any]]:
    """Return version and fields of a key or value."""
    version = int.from_bytes(raw[:2], "big")
    return version, kafka_data(name).decode(raw, version=version).to_dict()
