"""Handshakes: connections of a door that speaks TLS, from the accept to the door's own protocol.

The door's protocol is made when the handshake is over; it is then connected as if it had been
there from the start. The loop's own way would hold connections for a minute that say nothing, and
would count none of them.

States of a connection: accepted -> shaking hands -> the door's; or closed, at any of these.

Invariants:
    Never more than ``HANDSHAKES_MAX`` at a time, nor more than ``per_address_max`` of an address.
    A handshake has ``HANDSHAKE_SECONDS_MAX``; one that fails closes its connection and no other.
    What a client sent behind its handshake reaches the door's protocol, in order, once.
    A client whose certificate is refused is written down, as other failed logins are; its name is
    not known, for TLS gives away nothing of what it has not verified.
Called by: listeners, the event loop. Calls: the event loop's TLS, certified.
"""

import asyncio
import logging
import os
import ssl
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from app.security.tls.alerting import telling
from app.security.tls.certified import CertifiedConnections

_logger = logging.getLogger(__name__)

HANDSHAKE_SECONDS_MAX = 10.0
CLOSE_SECONDS_MAX = 30.0
"""How long a client may take to take the rest of its answers and to say goodbye."""

GOODBYE_SECONDS_MAX = 3.0
"""How long a client that has everything may take to say goodbye; doors end those that do not."""

HANDSHAKES_MAX = 2_000
"""Handshakes of a door at a time; each takes some 50 KB."""

FAILURES_LOGGED_EVERY_S = 10.0

MakeProtocol = Callable[[], asyncio.BaseProtocol]


class Handshakes:
    """Those of one door."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        per_address_max: int = HANDSHAKES_MAX,
        seconds_max: float = HANDSHAKE_SECONDS_MAX,
        certified: CertifiedConnections | None = None,
    ) -> None:
        """Begin with none.

        Args:
            context: Of the door.
            per_address_max: Handshakes of one address at a time.
            seconds_max: How long one may take.
            certified: Looks after connections of clients with certificates; nobody does if None.
        """
        self.context = context
        self.seconds_max = seconds_max
        self.certified = certified
        self._per_address_max = per_address_max
        self._open: dict[_Accepted, str] = {}
        self._addresses: Counter[str] = Counter()
        self._is_closed = False
        self._failures = 0
        self._logged_at = -FAILURES_LOGGED_EVERY_S

    def __len__(self) -> int:
        return len(self._open)

    def accept(self, make: MakeProtocol) -> asyncio.Protocol:
        """Return the protocol of a connection that is accepted; ``make`` makes the door's."""
        return _Accepted(self, make)

    def close(self) -> None:
        """End all, and take no new ones."""
        self._is_closed = True
        for one in tuple(self._open):
            one.abort()

    def enter(self, one: "_Accepted", address: str) -> bool:
        """Take note of a connection; return whether it is welcome."""
        if (
            self._is_closed
            or len(self._open) >= HANDSHAKES_MAX
            or self._addresses[address] >= self._per_address_max
        ):
            return False
        self._open[one] = address
        self._addresses[address] += 1
        return True

    def leave(self, one: "_Accepted") -> None:
        """Forget a connection, if it is known."""
        address = self._open.pop(one, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def failed(self, address: str, error: Exception) -> None:
        """Say that a handshake failed, unless that was said just now."""
        if isinstance(error, ssl.SSLCertVerificationError):
            self.refused(address, error.verify_message)
        else:
            self._log(address, getattr(error, "reason", None) or str(error) or type(error).__name__)

    def refused(self, address: str, reason: str) -> None:
        """Have it written down that a client's certificate is refused, and say so, likewise."""
        if self.certified is not None:
            self.certified.refuse(address, reason)
        self._log(address, reason)

    def _log(self, address: str, reason: str) -> None:
        self._failures += 1
        now = time.monotonic()
        if now - self._logged_at < FAILURES_LOGGED_EVERY_S:
            return
        _logger.info(
            "TLS handshake of %s failed: %s (%d since the last line)",
            *(address, reason, self._failures),
        )
        self._failures, self._logged_at = 0, now


class _Accepted(asyncio.Protocol):
    """A connection whose handshake is not over."""

    def __init__(self, all_: Handshakes, make: MakeProtocol) -> None:
        self._all = all_
        self._make = make
        self._early: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, if there is room for it."""
        self._transport = cast("asyncio.Transport", transport)
        address = str((transport.get_extra_info("peername") or ("unknown",))[0])
        if not self._all.enter(self, address):
            self._transport.abort()
            return
        telling.set(self._tell)  # in this connection's own context, which its TLS begins in
        self._task = asyncio.get_running_loop().create_task(self._shake_hands(address))

    def data_received(self, data: bytes) -> None:
        """Keep what comes before the handshake begins: a loop that has accepted reads at once."""
        assert self._transport is not None, "accepted"
        self._early.append(data)
        self._transport.pause_reading()

    def abort(self) -> None:
        """End it, whatever it is doing."""
        if self._transport is not None:
            self._transport.abort()

    def _tell(self, alert: bytes) -> None:
        """Send an alert past the transport, which is about to be thrown away with what it holds."""
        assert self._transport is not None, "accepted"
        if not self._transport.get_write_buffer_size():
            with suppress(OSError):
                os.write(self._transport.get_extra_info("socket").fileno(), alert)

    async def _shake_hands(self, address: str) -> None:
        assert self._transport is not None, "accepted"
        meanwhile = _Meanwhile()
        try:
            secure = await self._start(self._transport, meanwhile)
        except (OSError, EOFError) as error:  # TLS's own errors are of the first kind
            self._all.failed(address, error)
            self._transport.abort()
            return
        finally:
            self._all.leave(self)
        if secure is not None and self._is_certified(secure, address):
            meanwhile.hand_over(secure, self._make())

    def _is_certified(self, secure: asyncio.Transport, address: str) -> bool:
        """Return whether no list has come since the client's certificate was verified."""
        assert self._transport is not None, "accepted"
        if self._all.certified is None:
            return True
        handshake = secure.get_extra_info("ssl_object")
        reason = self._all.certified.enter(handshake, self._transport)
        if reason is None:
            return True
        self._all.refused(address, reason)
        self._transport.abort()
        return False

    async def _start(
        self, transport: asyncio.Transport, meanwhile: "_Meanwhile"
    ) -> asyncio.Transport | None:
        if transport.is_closing():
            return None
        transport.pause_reading()
        loop = asyncio.get_running_loop()
        starting = loop.create_task(
            loop.start_tls(
                transport,
                meanwhile,
                self._all.context,
                server_side=True,
                ssl_handshake_timeout=self._all.seconds_max,
                ssl_shutdown_timeout=CLOSE_SECONDS_MAX,
            )
        )
        await asyncio.sleep(0)  # until TLS has the transport: it is connected in the next turn
        if self._early and transport.get_protocol() is not self:
            loop.call_soon(self._give_early, transport)
        return await starting

    def _give_early(self, transport: asyncio.Transport) -> None:
        if not transport.is_closing():
            for data in self._early:
                _receive(transport, data)
        self._early.clear()


class _Meanwhile(asyncio.Protocol):
    """Keeps what comes between the end of the handshake and the door's protocol: one turn's."""

    def __init__(self) -> None:
        self._received: list[bytes] = []
        self._is_ended = False
        self._lost: tuple[Exception | None] | None = None
        self._transport: asyncio.Transport | None = None

    def data_received(self, data: bytes) -> None:
        self._received.append(data)

    def eof_received(self) -> None:
        self._is_ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:  # was on its way to us when the other took over
            self._transport.get_protocol().connection_lost(exc)
        else:
            self._lost = (exc,)

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
        """Connect the door's protocol, and tell it what it has missed."""
        self._transport = transport
        was_closing = transport.is_closing()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if was_closing or not transport.is_closing():
            for data in self._received:
                _receive(transport, data)
            if self._is_ended:
                cast("asyncio.Protocol", transport.get_protocol()).eof_received()
        if self._lost is not None:
            transport.get_protocol().connection_lost(*self._lost)


def _receive(transport: asyncio.Transport, data: bytes) -> None:
    """Have what a connection now belongs to receive bytes; it may give the connection on."""
    left = memoryview(data)
    while left:
        protocol: Any = transport.get_protocol()  # not always of asyncio's classes
        if not hasattr(protocol, "get_buffer"):
            protocol.data_received(bytes(left))
            return
        buffer = memoryview(protocol.get_buffer(len(left)))
        size = min(len(left), len(buffer))
        buffer[:size] = left[:size]
        protocol.buffer_updated(size)
        left = left[size:]
