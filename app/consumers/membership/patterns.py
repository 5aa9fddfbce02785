"""Patterns of topic names, matched in linear time whatever the client wrote.

The dialect is RE2's, which is that of KIP-848: most of Java's, without what needs backtracking.
A pattern matches a whole name; internal topics are matched by none.
Source: KIP-848 (RE2/J on the server); Kafka's ``SubscriptionState.matchesSubscribedPattern``.
"""

import re2

from app.consumers.errors import InvalidPattern

PATTERN_CHARS_MAX = 1_000
PROGRAM_BYTES_MAX = 1 << 20
"""Memory that one compiled pattern may take."""


class TopicPattern:
    """A compiled pattern."""

    def __init__(self, source: str) -> None:
        """Compile.

        Raises:
            InvalidPattern: It is no regular expression of RE2, or too large.
        """
        if not source or len(source) > PATTERN_CHARS_MAX:
            raise InvalidPattern(f"a pattern has 1 to {PATTERN_CHARS_MAX} characters")
        options = re2.Options()
        options.max_mem = PROGRAM_BYTES_MAX
        options.log_errors = False
        try:
            self._compiled = re2.compile(source, options)
        except re2.error as error:
            reason = error.args[0] if error.args else "not understood"
            text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
            raise InvalidPattern(f"pattern {source!r}: {text}") from None
        except UnicodeEncodeError:
            raise InvalidPattern("a pattern must be text") from None
        self.source = source

    def matches(self, topic: str) -> bool:
        """Return whether a topic's whole name matches."""
        return self._compiled.fullmatch(topic) is not None
