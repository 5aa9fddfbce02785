"""Bounds of Protobuf schemas and values, each with a name, and the hook for a deadline.

What exceeds one is refused with ``BoundExceeded``; nothing here takes more than linear time in
what it was given, but for the lookups of names, which are bounded by the depth of scopes.
"""

from collections.abc import Callable

from schema_registry.errors import BoundExceeded
from schema_registry.formats.schema_format import SCHEMA_TEXT_BYTES_MAX

TOKENS_MAX = 300_000
"""Tokens of one text."""

MESSAGE_DEPTH_MAX = 31
"""Messages within messages; protoc's own bound."""

VALUE_DEPTH_MAX = 32
"""Braces within braces in the value of an option."""

MESSAGES_MAX = 10_000
"""Messages of one text, nested ones, groups and maps included."""

FIELDS_MAX = 50_000
"""Fields of one text, extensions included."""

ENUM_VALUES_MAX = 50_000
"""Values of all enums of one text."""

FIELD_NUMBER_MAX = 536_870_911
"""The largest number of a field (protobuf.dev, "Assigning Field Numbers")."""

ENUM_NUMBER_MAX = 2_147_483_647

DESCRIPTOR_BYTES_MAX = SCHEMA_TEXT_BYTES_MAX
"""Largest descriptor that is taken in place of a text."""

CLOSURE_BYTES_MAX = 10 * SCHEMA_TEXT_BYTES_MAX
"""Text of a schema and all that it refers to."""

JSON_DEPTH_MAX = 100
"""Messages within messages of a value; protobuf's own bound for its binary form."""

MESSAGE_INDEXES_MAX = MESSAGE_DEPTH_MAX
"""Steps of a message index in a payload."""

DIFFERENCES_MAX = 10_000
"""Differences of one comparison; the verdict is known by then."""

STEPS_PER_CHECKPOINT = 1_000


def no_deadline() -> None:
    """Let everything go on."""


class Steps:
    """Counts the steps of one piece of work and asks, now and then, whether it may go on."""

    def __init__(self, checkpoint: Callable[[], None] = no_deadline) -> None:
        """Take what to ask.

        Args:
            checkpoint: Called once in many steps; raises when the time is over.
        """
        self._checkpoint = checkpoint
        self._left = STEPS_PER_CHECKPOINT

    def take(self, count: int = 1) -> None:
        """Note some steps."""
        self._left -= count
        if self._left <= 0:
            self._left = STEPS_PER_CHECKPOINT
            self._checkpoint()


def bound(what: str, count: int, most: int, path: str = "") -> None:
    """Refuse more of something than its bound.

    Raises:
        BoundExceeded: There are more.
    """
    if count > most:
        raise BoundExceeded(path, f"more than {most} {what}")
