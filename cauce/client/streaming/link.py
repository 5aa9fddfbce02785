"""Link: one WebSocket to one server, frames out and in.

Invariants:
    No exception of websockets leaves this module: ``LinkEnded`` is what may pass, a ``ClientError``
    not. Signs of life go both ways while it is open, whatever its user does.
Called by: line. Calls: codec, comebacks, websockets.
Source: RFC 6455; docs/websocket.md.
"""

from collections.abc import Sequence
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    ProxyError,
)
from websockets.typing import Subprotocol

from cauce import __version__
from cauce.client.address import is_loopback, parse_url
from cauce.client.errors import (
    ClientError,
    InvalidUrl,
    Refused,
    ServerUnreachable,
    UnexpectedAnswer,
)
from cauce.client.streaming.codec import (
    BadMessage,
    Slice,
    decode_binary,
    decode_text,
    encode_text,
)
from cauce.client.streaming.comebacks import Ending, after_close, may_pass
from cauce.client.streaming.frames import ClosingFrame, RecordsFrame, ServerFrame
from cauce.client.streaming.handshake_log import hiding_logger
from cauce.client.trust import tls_of, unreachable

PATH = "/v3/ws"
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 5.0
PING_EVERY_S = 15.0
PING_TIMEOUT_S = 30.0
MESSAGE_BYTES_MAX = 512 * 1024 * 1024
"""Of one message of the server: a batch of the largest records, unpacked."""


class LinkEnded(Exception):
    """The socket is gone, and coming back may help."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


class _ErrorBody(msgspec.Struct):
    error_code: int
    message: str


Heard = ServerFrame | tuple[RecordsFrame, list[Slice]]


class Link:
    """One open socket."""

    def __init__(self, url: str, socket: ClientConnection) -> None:
        self.url = url
        self._socket = socket

    @classmethod
    async def open(
        cls,
        url: str,
        subprotocol: str,
        authorization: str | None = None,
        ca_file: str | None = None,
    ) -> Self:
        """Connect.

        Args:
            url: Of the server.
            subprotocol: What is spoken.
            authorization: The header of that name; None to show nothing.
            ca_file: Who is believed over TLS.

        Raises:
            ServerUnreachable: Nobody answers there.
            LinkEnded: Somebody does, and says to come back later.
            ClientError: Whoever answers does not want us, or is no Cauce server.
        """
        address = parse_url(url)
        scheme, _, rest = address.partition("://")
        target = f"{'wss' if scheme.lower() == 'https' else 'ws'}://{rest}{PATH}"
        try:
            socket = await connect(
                target,
                subprotocols=[Subprotocol(subprotocol)],
                compression=None,
                ssl=tls_of(address, ca_file),
                additional_headers={"Authorization": authorization} if authorization else None,
                logger=hiding_logger(),
                user_agent_header=f"cauce/{__version__}",
                proxy=None if is_loopback(address) else True,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=PING_EVERY_S,
                ping_timeout=PING_TIMEOUT_S,
                max_size=MESSAGE_BYTES_MAX,
                max_queue=None,  # bounded by the credit that the server has
            )
        except InvalidStatus as error:
            raise _refusal(address, error) from error
        except (InvalidURI, ProxyError) as error:
            raise InvalidUrl(url, str(error)) from error
        except InvalidHandshake as error:
            if isinstance(error.__cause__, EOFError):  # gone before it had answered
                raise ServerUnreachable(address, _reason(error.__cause__)) from error
            raise UnexpectedAnswer(address, f"no WebSocket: {error}") from error
        except (OSError, EOFError) as error:
            raise unreachable(address, _reason(error)) from error
        if socket.subprotocol != subprotocol:
            await socket.close()
            raise UnexpectedAnswer(address, f"a WebSocket that does not speak {subprotocol}")
        return cls(address, socket)

    async def send(self, *frames: dict[str, Any] | bytes) -> None:
        """Send frames.

        Raises:
            LinkEnded: They may have been sent or not.
        """
        try:
            for frame in frames:
                await self._socket.send(frame if isinstance(frame, bytes) else encode_text(frame))
        except ConnectionClosed as error:
            raise self._ended(error) from error

    async def receive(self) -> Heard:
        """Return the next thing that the server says.

        Raises:
            LinkEnded: It says nothing more.
            UnexpectedAnswer: It says what no Cauce server does.
        """
        while True:
            try:
                message = await self._socket.recv(decode=False)
            except ConnectionClosed as error:
                raise self._ended(error) from error
            try:
                is_text = message.startswith(b"{")  # no kind of a binary frame is 123
                heard = decode_text(message) if is_text else decode_binary(message)
            except BadMessage as error:
                raise UnexpectedAnswer(self.url, str(error)) from error
            if heard is not None and not isinstance(heard, ClosingFrame):
                return heard

    async def close(self) -> None:
        """Say goodbye: a member leaves its group."""
        await self._socket.close()

    def abort(self) -> None:
        """Drop the connection without a word: a member may come back."""
        self._socket.transport.abort()

    def _ended(self, error: ConnectionClosed) -> LinkEnded:
        if error.rcvd is not None:
            return LinkEnded(after_close(error.rcvd.code, error.rcvd.reason))
        reason = error.sent.reason if error.sent is not None else ""
        why = reason or "the connection broke"
        return LinkEnded(Ending(code=1006, reason=why, retry=True))


def _refusal(url: str, error: InvalidStatus) -> ClientError | LinkEnded:
    """Return what a handshake that was answered with a status means."""
    status = error.response.status_code
    try:
        told = msgspec.json.decode(error.response.body or b"", type=_ErrorBody)
    except msgspec.MsgspecError:
        told = None
    if may_pass(status):
        reason = told.message if told is not None else f"HTTP {status}"
        wait_s = _retry_after_s(error.response.headers.get_all("Retry-After"))
        return LinkEnded(Ending(code=status, reason=reason, retry=True, wait_s=wait_s))
    if told is None:
        return UnexpectedAnswer(url, f"HTTP {status} instead of a WebSocket")
    return Refused(status, told.error_code, told.message)


def _retry_after_s(values: Sequence[str]) -> float:
    return float(values[0]) if values and values[0].isascii() and values[0].isdigit() else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    text = str(error).removeprefix("[Errno 111] ").strip()
    return (text[:1].lower() + text[1:]) or type(error).__name__
