"""The client: consume and produce over one WebSocket, everything else over REST, as Python calls.

``from cauce.client import Consumer, Producer`` (or ``AsyncConsumer``, ``AsyncProducer``); see
docs/client.md. What is named here is loaded when it is first asked for, so that ``cauce --help``
loads none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cauce.client.errors import (
        AnswerLost,
        ClientError,
        Closed,
        Fenced,
        InvalidUrl,
        NotBelieved,
        NotOpen,
        Refused,
        ServerUnreachable,
        UnexpectedAnswer,
        UnusableTrust,
    )
    from cauce.client.streaming.async_consumer import AsyncConsumer
    from cauce.client.streaming.async_producer import AsyncProducer
    from cauce.client.streaming.codec import Batch, Slice
    from cauce.client.streaming.consumer import Consumer
    from cauce.client.streaming.frames import Assign, Start, Subscribe
    from cauce.client.streaming.producer import Producer
    from cauce.client.streaming.reading import (
        Assigned,
        Disconnected,
        Ended,
        Event,
        Lost,
        Reconnected,
        Revoked,
        Revoking,
    )
    from cauce.client.streaming.records import NewRecord, Record, TopicPartition
    from cauce.client.streaming.sending import Bounds, Receipt

_ERRORS = "cauce.client.errors"
_STREAMING = "cauce.client.streaming."
_PLACES = {
    _ERRORS: (
        *("AnswerLost", "ClientError", "Closed", "Fenced", "InvalidUrl", "NotBelieved", "NotOpen"),
        *("Refused", "ServerUnreachable", "UnexpectedAnswer", "UnusableTrust"),
    ),
    f"{_STREAMING}async_consumer": ("AsyncConsumer",),
    f"{_STREAMING}async_producer": ("AsyncProducer",),
    f"{_STREAMING}codec": ("Batch", "Slice"),
    f"{_STREAMING}consumer": ("Consumer",),
    f"{_STREAMING}frames": ("Assign", "Start", "Subscribe"),
    f"{_STREAMING}producer": ("Producer",),
    f"{_STREAMING}reading": (
        *("Assigned", "Disconnected", "Ended", "Event", "Lost", "Reconnected", "Revoked"),
        "Revoking",
    ),
    f"{_STREAMING}records": ("NewRecord", "Record", "TopicPartition"),
    f"{_STREAMING}sending": ("Bounds", "Receipt"),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "AnswerLost",
    "Assign",
    "Assigned",
    "AsyncConsumer",
    "AsyncProducer",
    "Batch",
    "Bounds",
    "ClientError",
    "Closed",
    "Consumer",
    "Disconnected",
    "Ended",
    "Event",
    "Fenced",
    "InvalidUrl",
    "Lost",
    "NewRecord",
    "NotBelieved",
    "NotOpen",
    "Producer",
    "Receipt",
    "Reconnected",
    "Record",
    "Refused",
    "Revoked",
    "Revoking",
    "ServerUnreachable",
    "Slice",
    "Start",
    "Subscribe",
    "TopicPartition",
    "UnexpectedAnswer",
    "UnusableTrust",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)
