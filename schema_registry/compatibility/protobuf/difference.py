"""Differences of two Protobuf schemas, by Confluent's words, and which of them are harmless.

Source: Confluent's registry 8.4, kinds of differences and those it tolerates (reference of the
registry, 2.3); a package may not change since 7.6.1, fields may leave a oneof since 2026.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What differs; an addition is in the reader, a removal from it."""

    PACKAGE_CHANGED = "PACKAGE_CHANGED"
    MESSAGE_ADDED = "MESSAGE_ADDED"
    MESSAGE_REMOVED = "MESSAGE_REMOVED"
    MESSAGE_MOVED = "MESSAGE_MOVED"
    ENUM_ADDED = "ENUM_ADDED"
    ENUM_REMOVED = "ENUM_REMOVED"
    ENUM_CONST_ADDED = "ENUM_CONST_ADDED"
    ENUM_CONST_CHANGED = "ENUM_CONST_CHANGED"
    ENUM_CONST_REMOVED = "ENUM_CONST_REMOVED"
    FIELD_ADDED = "FIELD_ADDED"
    FIELD_REMOVED = "FIELD_REMOVED"
    FIELD_NAME_CHANGED = "FIELD_NAME_CHANGED"
    FIELD_KIND_CHANGED = "FIELD_KIND_CHANGED"
    FIELD_SCALAR_KIND_CHANGED = "FIELD_SCALAR_KIND_CHANGED"
    FIELD_NAMED_TYPE_CHANGED = "FIELD_NAMED_TYPE_CHANGED"
    FIELD_NUMERIC_LABEL_CHANGED = "FIELD_NUMERIC_LABEL_CHANGED"
    FIELD_STRING_OR_BYTES_LABEL_CHANGED = "FIELD_STRING_OR_BYTES_LABEL_CHANGED"
    REQUIRED_FIELD_ADDED = "REQUIRED_FIELD_ADDED"
    REQUIRED_FIELD_REMOVED = "REQUIRED_FIELD_REMOVED"
    ONEOF_ADDED = "ONEOF_ADDED"
    ONEOF_REMOVED = "ONEOF_REMOVED"
    ONEOF_FIELD_ADDED = "ONEOF_FIELD_ADDED"
    ONEOF_FIELD_REMOVED = "ONEOF_FIELD_REMOVED"
    ONEOF_FIELD_MOVED_TO_TOP_LEVEL = "ONEOF_FIELD_MOVED_TO_TOP_LEVEL"
    MULTIPLE_FIELDS_MOVED_TO_ONEOF = "MULTIPLE_FIELDS_MOVED_TO_ONEOF"
    FIELD_MOVED_TO_EXISTING_ONEOF = "FIELD_MOVED_TO_EXISTING_ONEOF"


MESSAGES = {
    Kind.PACKAGE_CHANGED: "the package differs",
    Kind.MESSAGE_REMOVED: "the reader lacks a message of the writer",
    Kind.FIELD_KIND_CHANGED: "one is a scalar, a message or a map, the other is another of these",
    Kind.FIELD_SCALAR_KIND_CHANGED: "the scalars are of kinds that are written differently",
    Kind.FIELD_NAMED_TYPE_CHANGED: "the type is another message, or one that is incompatible",
    Kind.FIELD_NUMERIC_LABEL_CHANGED: "the label of a number differs",
    Kind.REQUIRED_FIELD_ADDED: "the reader requires a field that the writer does not have",
    Kind.REQUIRED_FIELD_REMOVED: "the reader lacks a field that the writer requires",
    Kind.ONEOF_FIELD_REMOVED: "the reader lacks a member of a oneof whose others it has",
    Kind.MULTIPLE_FIELDS_MOVED_TO_ONEOF: (
        "a oneof of the reader holds fields that the writer may set together"
    ),
    Kind.FIELD_MOVED_TO_EXISTING_ONEOF: (
        "a oneof of the reader holds a field beside members that it was not with before"
    ),
}
"""What is wrong, for those that break readers; all others are harmless."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference."""

    kind: Kind
    path: str
    """``#/Message/Nested/3``: names of messages and oneofs, numbers of fields."""

    reader: str | None = None
    """What stands there in the reader's schema."""

    writer: str | None = None
    """What stands there in the writer's."""

    @property
    def is_harmless(self) -> bool:
        """Whether the reader reads what the writer writes all the same."""
        return self.kind not in MESSAGES
