"""Compatibility of Protobuf schemas: what Confluent's registry allows and what it does not."""

from schema_registry.compatibility.protobuf.verdict import incompatibilities

__all__ = ["incompatibilities"]
