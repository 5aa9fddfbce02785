"""Validators of a schema: whether a value is valid, and if not, where its fault is.

jsonschema-rs does the work. It says yes or no in microseconds and remembers what it found for
recursive references; its own error reports do not, and can take exponential time, so a fault is
looked for here, with validators of the subschemas on the way to it: linear in the value's depth.

Nothing is fetched, whatever a schema refers to.
Called by: codec, schema. Calls: jsonschema-rs, flattening, faults, patterns.
Source: jsonschema-rs's documentation; docs/adr/0013-json-schema.md.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Protocol

import jsonschema_rs

from schema_registry.errors import InvalidPayload, InvalidSchema
from schema_registry.formats.json_schema.documents import Documents
from schema_registry.formats.json_schema.drafts import Draft
from schema_registry.formats.json_schema.faults import FaultSearch, short
from schema_registry.formats.json_schema.flattening import SCHEMA_URIS, flatten
from schema_registry.formats.json_schema.json_text import pointer
from schema_registry.formats.json_schema.patterns import PATTERN_OPTIONS


class Validator(Protocol):
    """What jsonschema-rs makes of a schema."""

    def is_valid(self, instance: Any) -> bool:
        """Return whether a value is valid."""

    def validate(self, instance: Any) -> None:
        """Raise for the first error of a value."""


VALIDATORS: Final[Mapping[Draft, Any]] = {
    Draft.DRAFT_4: jsonschema_rs.Draft4Validator,
    Draft.DRAFT_6: jsonschema_rs.Draft6Validator,
    Draft.DRAFT_7: jsonschema_rs.Draft7Validator,
    Draft.DRAFT_2019_09: jsonschema_rs.Draft201909Validator,
    Draft.DRAFT_2020_12: jsonschema_rs.Draft202012Validator,
}


class Validation:
    """The validators of one schema; worth keeping."""

    def __init__(self, documents: Documents) -> None:
        """Compile the schema.

        Raises:
            InvalidSchema: No validator takes it: a regular expression, or a keyword of its draft.
        """
        self._documents = documents
        self._draft = documents.documents[0].draft
        self._validator = self._compile()

    @cached_property
    def flat(self) -> Any:
        """The schema with all it refers to, as values that validators take."""
        return flatten(self._documents)

    def is_valid(self, value: Any) -> bool:
        """Return whether a value is valid."""
        try:
            return self._validator.is_valid(value)
        except (ValueError, UnicodeEncodeError, OverflowError):
            return False

    def check(self, value: Any) -> None:
        """Refuse a value that is not valid.

        Raises:
            InvalidPayload: Says where, and what.
        """
        if not self.is_valid(value):
            path, message = self._faults.find(value)
            raise InvalidPayload(pointer(*path), message)

    @cached_property
    def _faults(self) -> FaultSearch:
        return FaultSearch(self.flat, VALIDATORS[self._draft])

    def _compile(self) -> Validator:
        """Compile the text as it is if there is no other, flattened if that fails."""
        root = self._documents.root
        if self._documents.is_alone and isinstance(root, dict):
            try:
                return self._compiled({**root, "$schema": SCHEMA_URIS[self._draft]})
            except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
                pass
        try:
            return self._compiled(self.flat)
        except jsonschema_rs.ValidationError as error:
            raise InvalidSchema(pointer(*error.instance_path), short(error.message)) from error
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise InvalidSchema("", short(str(error))) from error

    def _compiled(self, schema: Any) -> Validator:
        validator: Validator = VALIDATORS[self._draft](
            schema, pattern_options=PATTERN_OPTIONS, offline=True
        )
        return validator
