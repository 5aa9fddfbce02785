"""Patterns of topic names, matched in linear time whatever the client wrote.

A pattern is run over all names once for each metadata image, however many members and sessions
have it. Internal topics are meant by none.

The dialect is RE2's, which is that of KIP-848: most of Java's, without what needs backtracking.
A pattern matches a whole name.
Called by: members, consumers. Calls: re2.
Source: KIP-848 (RE2/J on the server); Kafka's ``SubscriptionState.matchesSubscribedPattern`` and
``exclude.internal.topics``.
"""

from collections import OrderedDict

import re2

from app.broker.errors import InvalidRegularExpression
from app.cluster.metadata_image import MetadataImage

PATTERN_CHARS_MAX = 1_000
PROGRAM_BYTES_MAX = 1 << 20
"""Memory that one compiled pattern may take."""

PATTERNS_KEPT_MAX = 256
"""Compiled patterns that are kept; others are compiled again."""


class TopicPattern:
    """A compiled pattern."""

    def __init__(self, source: str) -> None:
        """Compile.

        Raises:
            InvalidRegularExpression: It is no regular expression of RE2, or too large.
        """
        if not source or len(source) > PATTERN_CHARS_MAX:
            raise InvalidRegularExpression(f"a pattern has 1 to {PATTERN_CHARS_MAX} characters")
        options = re2.Options()
        options.max_mem = PROGRAM_BYTES_MAX
        options.log_errors = False
        try:
            self._compiled = re2.compile(source, options)
        except re2.error as error:
            reason = error.args[0] if error.args else "not understood"
            text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
            raise InvalidRegularExpression(f"pattern {source!r}: {text}") from None
        except UnicodeEncodeError:
            raise InvalidRegularExpression("a pattern must be text") from None
        self.source = source

    def matches(self, topic: str) -> bool:
        """Return whether a topic's whole name matches."""
        return self._compiled.fullmatch(topic) is not None


class MatchedTopics:
    """What patterns match in the image of the moment; shared by all of a node."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[str, TopicPattern] = OrderedDict()
        self._matched: dict[str, tuple[str, ...]] = {}
        self._version = -1

    def matched(self, source: str, image: MetadataImage) -> tuple[str, ...]:
        """Return the names that a pattern matches, sorted."""
        if image.version != self._version:
            self._matched.clear()
            self._version = image.version
        found = self._matched.get(source)
        if found is None:
            pattern = self._pattern(source)
            found = tuple(
                name
                for name in sorted(image.topics)
                if not image.topics[name].is_internal and pattern.matches(name)
            )
            self._matched[source] = found
        return found

    def _pattern(self, source: str) -> TopicPattern:
        found = self._compiled.pop(source, None) or TopicPattern(source)
        self._compiled[source] = found
        while len(self._compiled) > PATTERNS_KEPT_MAX:
            gone, _ = self._compiled.popitem(last=False)
            self._matched.pop(gone, None)
        return found
