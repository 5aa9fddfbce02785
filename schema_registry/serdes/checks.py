"""Checks: whether data names a schema that its subject has, and is of it.

Asked of whole columns; data of one kind names the same few schemas, so each is looked up once a
call, and a subject once for each name that its strategy gives it. Nulls are of every schema.

Called by: verbs that append. Calls: codecs, naming, registry.
Source: Confluent's documentation, "Schema ID Validation".
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schema_registry.errors import InvalidPayload, RegistryError
from schema_registry.formats.framing import Framed, Identity, unframe
from schema_registry.registry.resolving import written_subject
from schema_registry.serdes.codecs import Codecs, LoadedSchema
from schema_registry.serdes.naming import NoRecordName, SubjectNameStrategy
from schema_registry.subjects import parse_subject

SLICE_BYTES = 64 * 1024
"""So much is decoded without letting others run."""

LARGE_BYTES = 64 * 1024
"""A longer payload is decoded in a thread."""

_MESSAGE_CHARS_MAX = 500


class Expected(NamedTuple):
    """What data has to be."""

    topic: str
    is_key: bool
    strategy: SubjectNameStrategy
    is_full: bool
    """Whether the payload has to be of the schema that it names."""


class Checks:
    """Checks data by one registry."""

    def __init__(self, codecs: Codecs) -> None:
        """Use these codecs."""
        self._codecs = codecs

    async def faults(
        self,
        expected: Expected,
        column: Sequence[bytes | None],
        headers: Sequence[bytes | None] | None,
    ) -> Mapping[int, str]:
        """Return what is wrong, by position.

        Args:
            expected: What all of them have to be.
            column: Keys or values.
            headers: The record header of each that may name its schema; None if there is none.

        Raises:
            StoreUnavailable: The registry cannot be asked.
        """
        faults: dict[int, str] = {}
        framed: dict[int, Framed] = {}
        for at, data in enumerate(column):
            if data is None:
                continue
            found = unframe(data, headers[at] if headers is not None else None)
            if found is None:
                faults[at] = "it does not begin with the id of a schema"
            else:
                framed[at] = found
        schemas = await self._codecs.load({one.identity for one in framed.values()})
        subjects = _Subjects(self._codecs)
        size = 0
        for at, (identity, payload) in framed.items():
            fault = await self._fault(identity, schemas[identity], payload, expected, subjects)
            if fault is not None:
                faults[at] = fault[:_MESSAGE_CHARS_MAX]
            size += len(payload) if expected.is_full else 0
            if size > SLICE_BYTES:
                size = 0
                await asyncio.sleep(0)
        return faults

    async def _fault(
        self,
        identity: Identity,
        schema: LoadedSchema | RegistryError | None,
        payload: bytes,
        expected: Expected,
        subjects: "_Subjects",
    ) -> str | None:
        if schema is None:
            return f"there is no schema {identity}"
        if isinstance(schema, RegistryError):
            return f"schema {identity} cannot be used: {schema}"
        try:
            name = schema.name_in(payload) if expected.strategy.needs_name else None
            subject = expected.strategy.subject(
                expected.topic, is_key=expected.is_key, record_name=name
            )
            if not await subjects.has(subject, schema):
                return f"schema {identity} is none of subject {subject!r}"
            if expected.is_full:
                await _decode(schema, payload)
        except InvalidPayload as error:
            return f"it is not of schema {identity}: {error}"
        except NoRecordName as error:
            return f"schema {identity}: {error}"
        return None


async def _decode(schema: LoadedSchema, payload: bytes) -> None:
    if len(payload) > LARGE_BYTES:
        await asyncio.to_thread(schema.codec.decode, payload)
    else:
        schema.codec.decode(payload)


class _Subjects:
    """Which schemas subjects have, each pair asked for once."""

    def __init__(self, codecs: Codecs) -> None:
        self._registry = codecs.registry
        self._known: dict[tuple[str, str, int], bool] = {}

    async def has(self, subject: str, schema: LoadedSchema) -> bool:
        """Return whether a schema is a version of a subject that was not deleted."""
        stored = schema.stored
        key = (subject, stored.context, stored.schema_id)
        found = self._known.get(key)
        if found is None:
            wanted = await written_subject(
                self._registry, parse_subject(subject, context=stored.context)
            )
            versions = await self._registry.views.versions(wanted)
            found = wanted.context == stored.context and any(
                one.schema_id == stored.schema_id and not one.deleted for one in versions
            )
            self._known[key] = found
        return found
