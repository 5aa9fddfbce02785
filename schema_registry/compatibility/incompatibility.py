"""One reason why data of a writer's schema cannot be read with a reader's.

Each format's module here has ``incompatibilities(reader, writer, policy)``: all the reasons, or
none when what the writer writes can be read. Kinds are the words of Confluent's registry.
"""

from dataclasses import dataclass

INCOMPATIBILITIES_MAX = 100
"""Reasons that one comparison gives at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incompatibility:
    """A difference that breaks readers."""

    kind: str
    """Confluent's word, ``READER_FIELD_MISSING_DEFAULT_VALUE`` for one."""

    path: str
    """Where: a JSON pointer into the reader's schema for Avro, the format's own otherwise."""

    message: str
    """What is wrong, for a person."""

    reader: str | None = None
    """What stands there in the reader's schema."""

    writer: str | None = None
    """What stands there in the writer's."""

    counter_example: str | None = None
    """A JSON value that the writer's schema allows and the reader's does not read, if one is
    known."""
