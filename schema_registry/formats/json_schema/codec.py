"""Payloads of a JSON Schema: plain JSON in UTF-8, valid by the schema.

Called by: schema. Calls: validation, msgspec.
Source: KafkaJsonSchemaSerializer of Confluent: what follows the wire header is the JSON text.
"""

import json
from typing import Any, Final

import msgspec

from schema_registry.errors import InvalidPayload
from schema_registry.formats.json_schema.validation import Validation

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder()


class JsonSchemaCodec:
    """Values of one schema to bytes and back; every value is validated.

    Values are what a JSON parser gives: a NaN is none, and is not looked for.
    """

    def __init__(self, validation: Validation) -> None:
        """Take the schema's validators."""
        self._validation = validation

    def encode(self, value: Any) -> bytes:
        """Return the payload of a JSON value.

        Raises:
            InvalidPayload: The schema refuses it; says where.
        """
        if not self._validation.is_valid(value):
            self._validation.check(value)
        try:
            return _encoder.encode(value)
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            return _encoded_at_length(value, error)

    def decode(self, payload: bytes) -> Any:
        """Return the JSON value of a payload.

        Raises:
            InvalidPayload: It is no JSON, or the schema refuses it.
        """
        try:
            value = _decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidPayload("", f"no JSON: {error}") from error
        if not self._validation.is_valid(value):
            self._validation.check(value)
        return value


def _encoded_at_length(value: Any, cause: Exception) -> bytes:
    """Encode what msgspec does not: whole numbers of more than 64 bits."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload("", f"no JSON value: {error}") from cause
