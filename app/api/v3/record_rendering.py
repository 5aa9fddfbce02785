"""The JSON of records as a consume answers them.

A batch is rendered column by column and joined once, so that hardly any of our code runs once per
record (benchmarks/run.py). Records stand on one line each: the same bytes serve JSON and NDJSON,
only what is put between them differs.
"""

from collections.abc import Iterable
from itertools import chain, repeat

import msgspec

from app.api.embedded_formats import render, render_all
from app.api.timestamps import format_timestamp
from app.api.v3.consume_query import ConsumeQuery
from storage.format.batch import BatchHeader, TimestampType
from storage.format.decoder import Columns
from storage.format.record import Headers


def render_records(
    place: tuple[str, int],
    batch: BatchHeader,
    columns: Columns,
    wanted: slice,
    query: ConsumeQuery,
    separator: bytes,
) -> bytes:
    """Return the JSON of some records of a batch.

    Args:
        place: Their topic and partition.
        batch: The header of their batch.
        columns: All its records.
        wanted: Which of them; at least one.
        query: Says as which types keys and values are shown.
        separator: Put between two records.
    """
    topic_name, partition = place
    create_time = batch.timestamp_type is TimestampType.CREATE_TIME
    keys = columns.keys[wanted]
    headers = columns.headers[wanted]
    before, values, behind = render_all(columns.values[wanted], query.value_type)
    no_keys = keys.count(None) == len(keys)
    no_headers = headers.count(()) == len(headers)
    start = b'%b{"topic_name":"%b","partition_id":%d,"offset":' % (
        separator,
        topic_name.encode(),
        partition,
    )
    timestamp_type = b"CREATE_TIME" if create_time else b"LOG_APPEND_TIME"
    middle = b'","timestamp_type":"%b","key":%b' % (timestamp_type, b"null" if no_keys else b"")
    parts: list[Iterable[bytes]] = [
        repeat(start),
        map(b"%d".__mod__, columns.offsets[wanted]),
        repeat(b',"timestamp":"'),
        map(format_timestamp, columns.timestamps_ms[wanted]),
        repeat(middle + (b',"value":' + before if no_keys else b"")),
    ]
    if not no_keys:
        parts += [
            (render(key, query.key_type) for key in keys),
            repeat(b',"value":' + before),
        ]
    parts += [values, repeat(behind + b',"headers":' + (b"[]}" if no_headers else b""))]
    if not no_headers:
        parts += [map(_render_headers, headers), repeat(b"}")]
    joined = b"".join(chain.from_iterable(zip(*parts, strict=False)))
    return joined[len(separator) :]


def _render_headers(headers: Headers) -> bytes:
    return msgspec.json.encode(
        [{"name": name.decode("utf-8", "replace"), "value": value} for name, value in headers]
    )
