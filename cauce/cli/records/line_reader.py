"""Lines from a file descriptor, as bytes, without waiting longer than asked.

Invariants:
    Every byte read is in exactly one line; lines are numbered from 1.
    What is held back is one unfinished line, bounded by ``LINE_BYTES_MAX``.
"""

import os
import select
from typing import NamedTuple

READ_BYTES = 256 * 1024
LINE_BYTES_MAX = 64 * 1024 * 1024
"""Longer lines are given as None: read over, not kept."""


class InputFailed(Exception):
    """The input cannot be read: a directory, for example, or a disk that fails."""


class Line(NamedTuple):
    """One line without its end; ``content`` is None if it was too long to keep."""

    number: int
    content: bytes | None


class LineReader:
    """Cuts what comes from a descriptor into lines."""

    def __init__(self, descriptor: int, *, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self._descriptor = descriptor
        self._line_bytes_max = line_bytes_max
        self._held = bytearray()
        self._too_long = False
        self._number = 0
        self.ended = False

    @property
    def has_unfinished(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._held) or self._too_long

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for something to read, for ever if the timeout is None; return whether there is."""
        ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
        return bool(ready)

    def read(self) -> list[Line]:
        """Return the lines that are finished with what can be read now.

        At the end of the input ``ended`` is set, and a last line may come without an end.

        Raises:
            InputFailed: It cannot be read.
        """
        try:
            chunk = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:  # somebody else was faster
            return []
        except OSError as error:
            raise InputFailed(f"standard input cannot be read: {error.strerror}") from error
        if not chunk:
            self.ended = True
            return [self._finish(b"")] if self.has_unfinished else []
        *ends, rest = chunk.split(b"\n")
        lines = [self._finish(end) for end in ends]
        self._hold(rest)
        return lines

    def _finish(self, end: bytes) -> Line:
        self._hold(end)
        self._number += 1
        line = Line(self._number, None if self._too_long else bytes(self._held))
        self._held.clear()
        self._too_long = False
        return line

    def _hold(self, part: bytes) -> None:
        if self._too_long or len(self._held) + len(part) > self._line_bytes_max:
            self._too_long = True
            self._held.clear()
        else:
            self._held += part
