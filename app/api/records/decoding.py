"""Keys and values that name a schema, decoded to the JSON that readers are shown.

Columns of a batch go in, columns come out in which every key or value that says which schema of the
registry it is of, and fits it, is ``Decoded``; all else is as it lies in the log, so that the
policies of the doors, and filters, see what there is. Where nothing is framed the same columns
come out, at the cost of one look at the least of them.

Invariants:
    No more than ``SLICE_BYTES`` are decoded without letting others run; one value above
    ``LARGE_BYTES`` is decoded in a thread.
Called by: the doors that show records. Calls: schema_registry.serdes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from app.api.embedded_formats import Decoded, EmbeddedFormat
from app.broker.errors import CoordinatorNotAvailable
from schema_registry.errors import InvalidPayload, StoreUnavailable
from schema_registry.formats.framing import (
    KEY_HEADER,
    VALUE_HEADER,
    Framed,
    Identity,
    header_of,
    unframe,
)
from schema_registry.model import SchemaType
from schema_registry.serdes.codecs import Codecs, LoadedSchema
from storage.format.decoder import Columns
from storage.format.record import Headers

SLICE_BYTES = 64 * 1024
LARGE_BYTES = 64 * 1024

Types = tuple[EmbeddedFormat | None, EmbeddedFormat | None]
"""What keys and values are to be shown as; None for what they are."""

KINDS: Mapping[SchemaType, EmbeddedFormat] = {
    SchemaType.AVRO: EmbeddedFormat.AVRO,
    SchemaType.JSON: EmbeddedFormat.JSONSCHEMA,
    SchemaType.PROTOBUF: EmbeddedFormat.PROTOBUF,
}
_UNDECODED = frozenset({EmbeddedFormat.BINARY, EmbeddedFormat.STRING})
_BEYOND_MAGIC = b"\2"


async def with_decoded(
    codecs: Codecs,
    columns: Columns,
    types: Types,
    wanted: slice = slice(None),
    *,
    is_exact: bool = False,
) -> Columns:
    """Return columns in which what names a schema is decoded.

    Args:
        codecs: The registry's.
        columns: Of one batch.
        types: Columns that are shown as bytes or text are left as they are.
        wanted: Records outside are left as they are.
        is_exact: Leave as they are those of schemas of another type than is asked for, too.

    Raises:
        CoordinatorNotAvailable: The registry cannot be asked.
    """
    offsets, times, keys, values, headers = columns
    shown = headers[wanted]
    heads: Sequence[Headers] | None = None if shown.count(()) == len(shown) else shown
    if types[0] not in _UNDECODED:
        asked = types[0] if is_exact else None
        keys = await _decoded(codecs, keys, wanted, _Field(heads, KEY_HEADER, asked))
    if types[1] not in _UNDECODED:
        asked = types[1] if is_exact else None
        values = await _decoded(codecs, values, wanted, _Field(heads, VALUE_HEADER, asked))
    if keys is columns.keys and values is columns.values:
        return columns
    return Columns(offsets, times, keys, values, headers)


class _Field(NamedTuple):
    """How the keys, or the values, are decoded."""

    headers: Sequence[Headers] | None
    """Of the wanted records, if any has one."""

    header_name: bytes
    asked: EmbeddedFormat | None
    """The only type of schemas that are decoded, or None for all."""


async def _decoded(
    codecs: Codecs,
    column: list[bytes | None],
    wanted: slice,
    field: _Field,
) -> list[bytes | None]:
    headers = field.headers
    whole = column if wanted == slice(None) else column[wanted]
    if headers is None and not _may_be_framed(whole):
        return column
    framed: dict[int, Framed] = {}
    start, _, _ = wanted.indices(len(column))
    for at, data in enumerate(whole, start):
        if data is None:
            continue
        header = header_of(headers[at - start], field.header_name) if headers is not None else None
        one = unframe(data, header)
        if one is not None:
            framed[at] = one
    if not framed:
        return column
    try:
        found = await codecs.load({one.identity for one in framed.values()})
    except StoreUnavailable as error:
        raise CoordinatorNotAvailable(f"the schema registry cannot be asked: {error}") from error
    schemas = {
        key: one
        for key, one in found.items()
        if isinstance(one, LoadedSchema) and field.asked in (None, KINDS[one.schema_type])
    }
    if not schemas:
        return column
    return await _decode(column, framed, schemas)


def _may_be_framed(column: Sequence[bytes | None]) -> bool:
    """Return whether one of these may begin as what names a schema does.

    One comparison each: most columns hold text or JSON, and pay for no more than this.
    """
    try:
        if min(cast("Sequence[bytes]", column)) >= _BEYOND_MAGIC:
            return False
    except (TypeError, ValueError):  # a null among them, or nothing at all
        pass
    return min(filter(None, column), default=_BEYOND_MAGIC) < _BEYOND_MAGIC


async def _decode(
    column: list[bytes | None],
    framed: Mapping[int, Framed],
    schemas: Mapping[Identity, LoadedSchema],
) -> list[bytes | None]:
    decoded = list(column)
    heads = {identity: _head(schema) for identity, schema in schemas.items()}
    size = 0
    for at, (identity, payload) in framed.items():
        schema = schemas.get(identity)
        if schema is None:
            continue
        try:
            if len(payload) > LARGE_BYTES:
                text = await asyncio.to_thread(schema.decode, payload)
            else:
                text = schema.decode(payload)
        except InvalidPayload:
            continue
        one = Decoded(text)
        one.kind, one.head = heads[identity]
        decoded[at] = one
        size += len(text)
        if size > SLICE_BYTES:
            size = 0
            await asyncio.sleep(0)
    return decoded


def _head(schema: LoadedSchema) -> tuple[EmbeddedFormat, bytes]:
    kind = KINDS[schema.schema_type]
    head = b'{"type":"%b","schema_id":%d,"data":' % (kind.value.encode(), schema.schema_id)
    return kind, head
