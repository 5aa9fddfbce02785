"""Frames: from the bytes of a connection to whole requests.

A frame is four bytes of size and so many bytes. Small ones come many at a time into a buffer that
all connections share, and are copied out of it; the rest of a large one is received straight into
its place. So a connection that is silent holds no buffer at all.

Invariants:
    Nothing is kept of a frame before it is admitted, and its size is checked before that.
    ``claimed_bytes`` is what was admitted and not handed out yet.
Called by: connection. Calls: in_flight.
"""

import struct

from app.wire.errors import FrameRefused
from app.wire.in_flight import InFlight

RECEIVE_BYTES = 256 * 1024
_SIZE = struct.Struct(">i")


class FrameReader:
    """Cuts what one connection receives into frames."""

    def __init__(self, shared: bytearray, frame_bytes_max: int, in_flight: InFlight) -> None:
        """Begin with nothing.

        Args:
            shared: Where small frames are received; used between two calls of this class only.
            frame_bytes_max: No request is larger (Kafka's ``socket.request.max.bytes``).
            in_flight: Who admits frames.
        """
        self._shared = memoryview(shared)
        self.frame_bytes_max = frame_bytes_max
        self._in_flight = in_flight
        self._frame: bytearray | None = None
        self._filled = 0
        self._rest = b""
        self.is_held = False
        """Whether a frame was not admitted; ``resume`` when there is room."""

    @property
    def is_partial(self) -> bool:
        """Whether a frame has begun and is not whole yet."""
        return self._frame is not None or (bool(self._rest) and not self.is_held)

    @property
    def claimed_bytes(self) -> int:
        """Size of the frame that has begun, for which room was taken."""
        return len(self._frame) if self._frame is not None else 0

    def buffer(self) -> memoryview:
        """Return where the next bytes are to be received."""
        if self._frame is not None:
            return memoryview(self._frame)[self._filled :]
        return self._shared

    def received(self, size: int) -> list[bytearray]:
        """Take note of bytes received into ``buffer``; return the frames that are whole now.

        Raises:
            FrameRefused: A size that no request has.
        """
        frame = self._frame
        if frame is None:
            return self._cut(self._shared[:size])
        self._filled += size
        if self._filled < len(frame):
            return []
        self._frame = None
        return [frame]

    def resume(self) -> list[bytearray]:
        """Go on where a frame was not admitted; return the frames that are whole now."""
        self.is_held = False
        return self._cut(memoryview(b""))

    def _cut(self, data: memoryview) -> list[bytearray]:
        if self._rest:
            data = memoryview(self._rest + bytes(data))
            self._rest = b""
        frames: list[bytearray] = []
        position, end = 0, len(data)
        while end - position >= _SIZE.size:
            (size,) = _SIZE.unpack_from(data, position)
            if not 0 < size <= self.frame_bytes_max:
                self._in_flight.release(sum(map(len, frames)))
                raise FrameRefused(f"a frame of {size} bytes")
            if not self._in_flight.admit(size):
                self.is_held = True
                break
            start = position + _SIZE.size
            position = start + size
            if position > end:
                self._frame = bytearray(size)
                self._filled = end - start
                self._frame[: self._filled] = data[start:]
                return frames
            frames.append(bytearray(data[start:position]))
        self._rest = bytes(data[position:])
        return frames
