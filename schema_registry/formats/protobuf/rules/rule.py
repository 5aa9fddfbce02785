"""What rules share: how they refuse, and sets of ranges that may meet."""

from bisect import bisect_right
from typing import NoReturn

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.text.syntax_tree import Extensions, Range, Reserved


def refuse(source: Source, node: object, message: str) -> NoReturn:
    """Refuse a schema.

    Args:
        source: The file.
        node: What is wrong in it; None is all of it.
        message: What is wrong.
    """
    place = source.whole if node is None else source.where(getattr(node, "position", 0))
    raise InvalidSchema(place, message)


class Spans:
    """Ranges of numbers that do not meet, in order."""

    def __init__(self) -> None:
        """Begin without any."""
        self._firsts: list[int] = []
        self.spans: list[tuple[Range, Extensions | Reserved]] = []

    def add(self, span: Range, part: Extensions | Reserved) -> None:
        """Add a range that meets none of the others."""
        at = bisect_right(self._firsts, span.first)
        self._firsts.insert(at, span.first)
        self.spans.insert(at, (span, part))

    def meets(self, span: Range) -> bool:
        """Return whether a range has a number of the others."""
        at = bisect_right(self._firsts, span.last) - 1
        return at >= 0 and self.spans[at][0].last >= span.first

    def has(self, number: int) -> bool:
        """Return whether one of the ranges has a number."""
        return self.meets(Range(number, number))
