"""Cuts a stream of JSON objects, one after another, into objects, as the bytes come in.

White space between objects is optional (Confluent's streaming produce), so one newline a record
works as well as none. Only the nesting is followed here; the objects themselves are checked by
the JSON decoder afterwards.

Invariants:
    Every byte is looked at once, however small the chunks are.
    What is held back is at most one unfinished object, bounded by ``object_bytes_max``.
Pure: no I/O.
"""

import re

_OUTSIDE = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\]')
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")

_OPENING = b"{["

NUMBER_DIGITS_MAX = 1_000
"""Digits in a row of a number: far more than any program's integers or floats hold."""

_MANY_DIGITS = b"0" * (NUMBER_DIGITS_MAX + 1)
_DIGITS_AS_ZEROS = bytes(ord("0") if 0x30 <= byte < 0x3A else 0 for byte in range(256))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class MalformedStream(Exception):
    """The stream is not a sequence of JSON objects, or one of them is beyond the bounds."""


class ObjectSplitter:
    """Takes chunks, gives whole objects."""

    def __init__(self, *, object_bytes_max: int, depth_max: int) -> None:
        """Start between two objects.

        Args:
            object_bytes_max: Bytes of one object at most.
            depth_max: How deep objects and arrays may nest.
        """
        self._object_bytes_max = object_bytes_max
        self._depth_max = depth_max
        self._held = bytearray()
        self._position = 0
        self._depth = 0
        self._in_string = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the objects that this chunk finished.

        Raises:
            MalformedStream: At this place the stream ends; objects finished before it in the
                same chunk are in the exception's second argument.
        """
        self._held += chunk
        finished: list[bytes] = []
        try:
            while self._advance(finished):
                pass
            self._check_size(len(self._held))
        except MalformedStream as error:
            raise MalformedStream(str(error), finished) from None
        return finished

    def finish(self) -> None:
        """Check that the stream does not end inside an object.

        Raises:
            MalformedStream: It does.
        """
        if self._held.strip():
            raise MalformedStream("the body ends inside a record", [])

    def _advance(self, finished: list[bytes]) -> bool:
        """Follow the nesting up to the next mark; return whether there was one."""
        held = self._held
        if self._depth == 0 and not self._begin_object():
            return False
        if self._in_string:
            return self._leave_string()
        mark = _OUTSIDE.search(held, self._position)
        if mark is None:
            self._position = len(held)
            return False
        self._position = mark.end()
        character = mark.group()
        if character == b'"':
            self._in_string = True
        elif character in _OPENING:
            self._depth += 1
            if self._depth > self._depth_max:
                raise MalformedStream(f"JSON nests deeper than {self._depth_max}")
        else:
            self._depth -= 1
            if self._depth == 0:
                self._check_size(self._position)
                finished.append(bytes(held[: self._position]))
                del held[: self._position]
                self._position = 0
        return True

    def _begin_object(self) -> bool:
        first = _NOT_SPACE.search(self._held)
        if first is None:
            self._held.clear()
            return False
        if first.group() != b"{":
            raise MalformedStream("a record must be a JSON object")
        del self._held[: first.start()]
        self._position = 1
        self._depth = 1
        return True

    def _check_size(self, size: int) -> None:
        if size > self._object_bytes_max:
            raise MalformedStream(f"a record is larger than {self._object_bytes_max} bytes")

    def _leave_string(self) -> bool:
        mark = _IN_STRING.search(self._held, self._position)
        if mark is None:
            self._position = len(self._held)
            return False
        if mark.group() == b'"':
            self._in_string = False
            self._position = mark.end()
            return True
        if mark.end() == len(self._held):
            self._position = mark.start()
            return False
        self._position = mark.end() + 1
        return True


def nesting(text: bytes, depth_max: int) -> bool:
    """Return whether a valid JSON text nests no deeper than the bound.

    A text with few opening brackets cannot; only the others are followed.
    """
    if text.count(b"{") + text.count(b"[") <= depth_max:
        return True
    depth = 0
    position = 0
    while mark := _OUTSIDE.search(text, position):
        position = mark.end()
        character = mark.group()
        if character == b'"':
            position = _string_end(text, position)
        elif character in _OPENING:
            depth += 1
            if depth > depth_max:
                return False
        else:
            depth -= 1
    return True


def has_long_number(text: bytes) -> bool:
    """Return whether a number in a valid JSON text has more than ``NUMBER_DIGITS_MAX`` digits.

    Readers in many languages take quadratic time for such a number, or fail. To make all digits
    alike and look for a row of them is a tenth of the time that a regular expression takes.
    """
    if _MANY_DIGITS not in text.translate(_DIGITS_AS_ZEROS):
        return False
    return _MANY_DIGITS in _STRING.sub(b'""', text).translate(_DIGITS_AS_ZEROS)


def _string_end(text: bytes, position: int) -> int:
    while mark := _IN_STRING.search(text, position):
        if mark.group() == b'"':
            return mark.end()
        position = mark.end() + 1
    return len(text)
