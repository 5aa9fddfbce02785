"""Sender: responses to a socket, batches straight from the file where they lie.

A slice goes from the page cache to the socket by ``sendfile``. Where the socket takes no more, the
loop tells when it does again: it watches a descriptor of the sender's own, for it lets nobody watch
a transport's. Only while the transport has bytes of its own to send the next piece goes through it.
Over TLS everything does, in pieces: what goes to the socket is not what lies in the file.
A slice that is not in the page cache is read on a thread first, a piece at a time, so that the loop
never waits for the disk.

States: idle -> sending -> (waiting for the socket | the transport | the disk) -> sending -> idle.

Invariants:
    Of one connection never more than ``PIECE_BYTES`` of a slice are in memory, however slow the
    client reads.
    Bytes leave in the order in which they were given.
    The second descriptor lives while the socket is waited for: it would hold a connection open.
Called by: connection. Calls: the transport, LogSlice.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from app.wire.encoders import Gap
from storage.errors import DiskError
from storage.segments.log_slice import LogSlice

COPY_BYTES_MAX = 16 * 1024
"""Slices up to this size are copied into the response: cheaper than a system call of their own."""

PIECE_BYTES = 64 * 1024
COLD_PIECE_BYTES = 1 << 20
"""How much is read ahead on a thread where the page cache has nothing."""

WRITE_BUFFER_HIGH = 32 * 1024
"""Below ``PIECE_BYTES``, so that a piece given to the transport always tells when it is gone."""

Part = memoryview | LogSlice


class Sender:
    """Sends the responses of one connection."""

    def __init__(
        self,
        transport: asyncio.Transport,
        reads: Executor,
        on_room: Callable[[], None],
        on_idle: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """Begin idle.

        Args:
            transport: Of the connection.
            reads: Threads for what is not in the page cache.
            on_room: Called when the client, which was waited for, has taken something.
            on_idle: Called when everything that had to wait is sent.
            on_failure: Called when a response cannot be finished.
        """
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._reads = reads
        self._on_room = on_room
        self._on_idle = on_idle
        self._on_failure = on_failure
        self._parts: deque[Part] = deque()
        self._is_paused = False
        self._is_reading = False
        self._watched: int | None = None
        """The descriptor by which the socket is waited for."""

        transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH, low=0)

    @property
    def is_idle(self) -> bool:
        """Whether the next response may be given."""
        return not self._parts and not self._is_paused

    @property
    def _is_watching(self) -> bool:
        return self._watched is not None

    def send(self, out: bytearray, gaps: Sequence[Gap]) -> None:
        """Send a response; look at ``is_idle`` for whether it is on its way as a whole."""
        if gaps:
            self._parts.extend(_parts(out, gaps))
            self._advance()
        elif self._parts:
            self._parts.append(memoryview(out))
        else:
            self._transport.write(out)

    def pause(self) -> None:
        """Give the transport nothing more: the client does not read."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on: the transport has nothing left to send."""
        self._is_paused = False
        self._advance()
        if self.is_idle:
            self._on_idle()

    def abandon(self) -> None:
        """Send nothing more."""
        self._parts.clear()
        self._unwatch()

    def _advance(self) -> None:
        while self._parts and not (self._is_paused or self._is_reading or self._is_watching):
            part = self._parts[0]
            if isinstance(part, memoryview):
                self._send_bytes(part)
            elif part.is_cached(min(part.size, COLD_PIECE_BYTES)):
                self._send_slice(part)
            else:
                self._read_ahead(part)

    def _send_bytes(self, data: memoryview) -> None:
        if self._must_use_transport() or self._transport.is_closing():
            self._parts.popleft()
            self._transport.write(data)
            return
        try:
            sent = os.write(self._socket.fileno(), data)
        except BlockingIOError:
            self._watch()
        except OSError as error:
            self._fail(f"the client is gone: {error.strerror}")
        else:
            self._parts.popleft()
            if sent < len(data):
                self._parts.appendleft(data[sent:])

    def _send_slice(self, found: LogSlice) -> None:
        """Send what the socket takes of a slice; the rest waits if it is full."""
        if self._transport.is_closing():
            self._parts.clear()
            return
        if self._must_use_transport():
            self._send_by_transport(found)
            return
        size = min(found.size, COLD_PIECE_BYTES)
        try:
            held = found.file.hold()
            sent = os.sendfile(self._socket.fileno(), held.number, found.position, size)
        except BlockingIOError:
            self._watch()
        except OSError as error:
            self._fail(f"cannot send {found.file.path}: {error.strerror}")
        else:
            if sent == 0:
                self._fail(f"{found.file.path} ends early")
                return
            self._sent(found, sent)
            if sent < size:
                self._watch()

    def _must_use_transport(self) -> bool:
        return self._is_tls or bool(self._transport.get_write_buffer_size())

    def _send_by_transport(self, found: LogSlice) -> None:
        piece = found.first(PIECE_BYTES).read_if_cached()
        if piece is None:
            self._read_ahead(found)
            return
        self._sent(found, len(piece))
        self._transport.write(piece)

    def _watch(self) -> None:
        """Wait until the socket takes more."""
        try:
            self._watched = os.dup(self._socket.fileno())
        except OSError as error:
            self._fail(f"cannot wait for the client: {error.strerror}")
            return
        asyncio.get_running_loop().add_writer(self._watched, self._on_writable)

    def _unwatch(self) -> None:
        if self._watched is not None:
            asyncio.get_running_loop().remove_writer(self._watched)
            os.close(self._watched)
            self._watched = None

    def _on_writable(self) -> None:
        self._unwatch()
        self._on_room()
        self._advance()
        if self.is_idle:
            self._on_idle()

    def _sent(self, found: LogSlice, size: int) -> None:
        self._parts.popleft()
        if size < found.size:
            self._parts.appendleft(found.after(size))

    def _read_ahead(self, found: LogSlice) -> None:
        self._is_reading = True
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(self._reads, found.first(COLD_PIECE_BYTES).read)
        reading.add_done_callback(self._on_read)

    def _on_read(self, reading: asyncio.Future[bytes]) -> None:
        self._is_reading = False
        if not self._parts or reading.cancelled():
            return
        error = reading.exception()
        if error is not None:
            assert isinstance(error, DiskError), error
            self._fail(str(error))
            return
        if self._transport.is_closing():
            self._parts.clear()
            return
        found = self._parts[0]
        assert isinstance(found, LogSlice), "only slices are read ahead"
        piece = memoryview(reading.result())[:PIECE_BYTES]
        self._sent(found, len(piece))
        self._transport.write(piece)
        self._advance()
        if self.is_idle:
            self._on_idle()

    def _fail(self, reason: str) -> None:
        self._parts.clear()
        self._on_failure(reason)


def _parts(out: bytearray, gaps: Sequence[Gap]) -> list[Part]:
    """Return a response in pieces: bytes, and the slices between them; small ones are copied."""
    parts: list[Part] = []
    gathered = bytearray()
    view = memoryview(out)
    start = 0
    for gap in gaps:
        found = gap.source
        assert isinstance(found, LogSlice), "whatever is encoded as a gap is one"
        gathered += view[start : gap.position]
        start = gap.position
        data = found.read_if_cached() if found.size <= COPY_BYTES_MAX else None
        if data is not None:
            gathered += data
            continue
        parts += [memoryview(gathered), found]
        gathered = bytearray()
    gathered += view[start:]
    if gathered:
        parts.append(memoryview(gathered))
    return parts
