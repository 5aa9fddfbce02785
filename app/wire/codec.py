"""Codec: messages to bytes and back, in every version that is served.

Pure. For each message and version a flat function is generated from the declared fields the first
time it is needed: runs of numbers become one ``struct`` call, nested structs become loops, so that
the cost is near that of code written by hand.

Invariants:
    Whatever bytes come, the answer is a message or ``MalformedMessage``, and never more than
    ``ELEMENTS_MAX`` objects or the bytes that came.
    Unknown tagged fields are skipped (KIP-482).
Called by: dispatch, tests. Calls: decoders, encoders.
"""

import struct
from collections.abc import Callable
from typing import Any, TypeVar

from app.wire.decoders import ELEMENTS_MAX, generate_decoder
from app.wire.encoders import Gap, generate_encoder
from app.wire.errors import MalformedMessage

__all__ = ["ELEMENTS_MAX", "Gap", "decode", "encode"]

_T = TypeVar("_T")
Buffer = bytes | bytearray
Decoder = Callable[[Buffer, int], tuple[Any, int]]
Encoder = Callable[[Any, bytearray, list[Gap]], None]

_DECODERS: dict[tuple[type, int], Decoder] = {}
_ENCODERS: dict[tuple[type, int], Encoder] = {}
"""Generated so far: at most one for each message and version that is declared."""


def decode(message_type: type[_T], version: int, buffer: Buffer, position: int = 0) -> _T:
    """Read a message; what follows it in the buffer is not looked at.

    Args:
        message_type: Of which kind.
        version: One that is declared for it.
        buffer: Holds the message; records in it are not copied, but seen through a view.
        position: Where it begins.

    Raises:
        MalformedMessage: There is none.
    """
    return decode_from(message_type, version, buffer, position)[0]


def decode_from(
    message_type: type[_T], version: int, buffer: Buffer, position: int = 0
) -> tuple[_T, int]:
    """Read a message like ``decode``; return it and the position behind it."""
    try:
        found: tuple[_T, int] = _decoder(message_type, version)(buffer, position)
    except (struct.error, IndexError) as error:
        raise MalformedMessage(f"{message_type.__name__} v{version} ends too early") from error
    except UnicodeDecodeError as error:
        raise MalformedMessage(f"{message_type.__name__} v{version}: text is not UTF-8") from error
    except MalformedMessage as error:
        raise MalformedMessage(f"{message_type.__name__} v{version}: {error}") from None
    return found


def encode(message: object, version: int, out: bytearray) -> list[Gap]:
    """Append a message to a buffer.

    Args:
        message: A declared one.
        version: One that is declared for it.
        out: What is appended to.

    Returns:
        Where in ``out`` records are to be inserted that lie elsewhere, in their order.
    """
    gaps: list[Gap] = []
    _encoder(type(message), version)(message, out, gaps)
    return gaps


def _decoder(message_type: type, version: int) -> Decoder:
    key = (message_type, version)
    made = _DECODERS.get(key)
    if made is None:
        made = _DECODERS[key] = generate_decoder(message_type, version)
    return made


def _encoder(message_type: type, version: int) -> Encoder:
    key = (message_type, version)
    made = _ENCODERS.get(key)
    if made is None:
        made = _ENCODERS[key] = generate_encoder(message_type, version)
    return made
