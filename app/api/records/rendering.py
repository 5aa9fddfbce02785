"""The JSON of records as REST v3, the WebSocket and SSE show them.

A batch is rendered in one formatting of all its records, so that hardly any of our code runs once
per record (benchmarks/areas/rest.py). A topic's name has no % in it that the formatting could take
for its own. Records stand on one line each: the same bytes serve JSON and NDJSON,
only what is put between them differs.
"""

from collections.abc import Iterable
from itertools import chain

import msgspec

from app.api.embedded_formats import EmbeddedFormat, render, render_all
from app.api.timestamps import format_timestamp
from storage.format.batch import BatchHeader, TimestampType
from storage.format.decoder import Columns
from storage.format.record import Headers


def render_records(
    place: tuple[str, int],
    batch: BatchHeader,
    columns: Columns,
    wanted: slice,
    types: tuple[EmbeddedFormat | None, EmbeddedFormat | None],
    separator: bytes,
) -> bytes:
    """Return the JSON of some records of a batch.

    Args:
        place: Their topic and partition.
        batch: The header of their batch.
        columns: All its records.
        wanted: Which of them; at least one.
        types: What keys and values are shown as where possible; None for what they are.
        separator: Put between two records.
    """
    topic_name, partition = place
    create_time = batch.timestamp_type is TimestampType.CREATE_TIME
    keys = columns.keys[wanted]
    headers = columns.headers[wanted]
    before, values, behind = render_all(columns.values[wanted], types[1])
    no_keys = keys.count(None) == len(keys)
    no_headers = headers.count(()) == len(headers)
    line = b'%b{"topic_name":"%b","partition_id":%d,"offset":%%d,"timestamp":"%%b",' % (
        separator,
        topic_name.encode(),
        partition,
    )
    line += b'"timestamp_type":"%b","key":' % (
        b"CREATE_TIME" if create_time else b"LOG_APPEND_TIME"
    )
    fields: list[Iterable[object]] = [
        columns.offsets[wanted],
        map(format_timestamp, columns.timestamps_ms[wanted]),
    ]
    if no_keys:
        line += b"null"
    else:
        line += b"%b"
        fields.append(render(key, types[0]) for key in keys)
    line += b',"value":%b%%b%b,"headers":' % (before, behind)
    fields.append(values)
    if no_headers:
        line += b"[]}"
    else:
        line += b"%b}"
        fields.append(map(_render_headers, headers))
    rendered = line * len(keys) % tuple(chain.from_iterable(zip(*fields, strict=True)))
    return rendered[len(separator) :]


def _render_headers(headers: Headers) -> bytes:
    return msgspec.json.encode(
        [{"name": name.decode("utf-8", "replace"), "value": value} for name, value in headers]
    )
