"""The JSON of records as REST v2 shows them.

A batch is rendered in one formatting of all its records, so that hardly any of our code runs once
per record (benchmarks/areas/rest_v2.py). A topic's name has no % in it that the formatting could
take for its own.
Source: Confluent REST Proxy v2; the timestamp is Karapace's and Strimzi's, the headers, left out
where there are none, Karapace's.
"""

from collections.abc import Iterable
from itertools import chain

import msgspec

from app.api.embedded_formats import NULL
from app.api.v2.media_types import RecordFormat
from app.api.v2.record_formats import Shown, show, show_keys
from storage.format.decoder import Columns
from storage.format.record import Headers


def render_records(
    place: tuple[str, int], columns: Columns, wanted: slice, embedded: RecordFormat
) -> bytes:
    """Return the JSON of some records of a batch, apart by commas.

    Args:
        place: Their topic and partition.
        columns: All records of their batch.
        wanted: Which of them; at least one.
        embedded: The format of keys and values.

    Raises:
        Undecodable: One of them is none of the format.
    """
    keys = show_keys(embedded, columns.keys[wanted])
    values = show(embedded, columns.values[wanted])
    return render_shown(place, columns, wanted, keys, values)


def render_shown(
    place: tuple[str, int], columns: Columns, wanted: slice, keys: Shown, values: Shown
) -> bytes:
    """Return the JSON of records whose keys and values are JSON already."""
    topic, partition = place
    headers = columns.headers[wanted]
    count = len(headers)
    line = b',{"topic":"%b",' % topic.encode()
    fields: list[Iterable[object]] = []
    for name, (before, each, behind) in ((b"key", keys), (b"value", values)):
        if before != NULL:
            line += b'"%b":%b%%b%b,' % (name, before, behind)
            fields.append(each)
        else:
            line += b'"%b":null,' % name
    line += b'"partition":%d,"offset":%%d,"timestamp":%%d' % partition
    fields += [columns.offsets[wanted], columns.timestamps_ms[wanted]]
    if headers.count(()) == count:
        line += b"}"
    else:
        line += b"%b}"
        fields.append(map(_render_headers, headers))
    return (line * count % tuple(chain.from_iterable(zip(*fields, strict=True))))[1:]


def _render_headers(headers: Headers) -> bytes:
    if not headers:
        return b""
    shown = [{"key": name.decode("utf-8", "replace"), "value": value} for name, value in headers]
    return b',"headers":' + msgspec.json.encode(shown)
