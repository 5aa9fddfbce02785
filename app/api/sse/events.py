"""Events as they stand on the wire: lines of fields, an empty line at the end.

Data is JSON on one line, so no field is ever broken by what records hold.
Source: the HTML standard, "Server-sent events", "Parsing an event stream".
"""

from collections.abc import Iterable, Sequence

import msgspec

HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
"""The last keeps proxies of nginx's kind from holding events back."""


def records_event(records: Sequence[bytes], token: str) -> bytes:
    """Return the event of some records.

    Args:
        records: Their JSON, each piece of one or more apart by commas, on one line.
        token: Where to go on behind them.
    """
    return b'event: records\nid: %b\ndata: {"records":[%b]}\n\n' % (
        token.encode(),
        b",".join(records),
    )


def told_event(name: str, data: object, token: str | None = None) -> bytes:
    """Return the event of something else.

    Args:
        name: What it is.
        data: Says more.
        token: Where to go on, if that changes.
    """
    place = b"" if token is None else b"id: %b\n" % token.encode()
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), place, msgspec.json.encode(data))


def place_event(token: str) -> bytes:
    """Return what moves a client's place without telling its page: no data, no event."""
    return b"id: %b\n\n" % token.encode()


def partitions_event(name: str, partitions: Iterable[tuple[str, int]]) -> bytes:
    """Return what tells which partitions came or went."""
    told = [{"topic_name": topic, "partition_id": number} for topic, number in partitions]
    return told_event(name, {"partitions": told})


def comment(text: str) -> bytes:
    """Return a line that clients pass over; it shows that the connection lives."""
    return b": %b\n\n" % text.replace("\n", " ").encode()


def retry(milliseconds: int) -> bytes:
    """Return how long a client waits before it comes back."""
    return b"retry: %d\n\n" % milliseconds
