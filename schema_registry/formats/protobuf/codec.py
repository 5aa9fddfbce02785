"""Codec: JSON values to payloads and back, message indexes among the bytes.

Which message a value is, is said once for a codec, the first of the schema if nothing is said; a
payload says it itself. Values follow Protobuf's JSON mapping; fields that are not set come back
with their defaults where they have no presence, as Confluent's REST proxy prints them.
Called by: protobuf_format. Calls: json_values, message_indexes.
"""

from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, EncodeError
from google.protobuf.message_factory import GetMessageClass

from schema_registry.errors import InvalidPayload
from schema_registry.formats.protobuf.json_values import HasExtensions, Misfit, Plans
from schema_registry.formats.protobuf.limits import JSON_DEPTH_MAX
from schema_registry.formats.protobuf.message_indexes import (
    FIRST_MESSAGE,
    read_indexes,
    write_indexes,
)
from schema_registry.formats.protobuf.schema import ProtobufSchema


class ProtobufCodec:
    """Payloads of one schema; values that are encoded are of one of its messages."""

    def __init__(
        self, schema: ProtobufSchema, message: str | Sequence[int] = FIRST_MESSAGE
    ) -> None:
        """Prepare to encode a message.

        Args:
            schema: Whose payloads these are.
            message: The message that is encoded, by full name or message indexes.

        Raises:
            InvalidPayload: The schema has no such message.
        """
        self._schema = schema
        self._classes: dict[tuple[int, ...], Any] = {}
        if isinstance(message, str):
            found = schema.message_indexes.get(message.removeprefix("."))
            indexes = found if found is not None else ()
        else:
            indexes = tuple(message)
        name = schema.message_names.get(indexes)
        if name is None:
            raise InvalidPayload("", f"the schema has no message {message!r}")
        self.message_name = name
        self._prefix = write_indexes(indexes)
        self._plan = Plans(schema.pool).plan(schema.message_type(name))

    def encode(self, value: Any) -> bytes:
        """Return the payload of a JSON value: message indexes and the message.

        Raises:
            InvalidPayload: It does not fit; says where.
        """
        try:
            message = self._plan.message_class(**self._plan.arguments(value, 1))
            content: bytes = message.SerializeToString()
        except Misfit as misfit:
            raise InvalidPayload(misfit.path(), misfit.message) from None
        except HasExtensions:
            content = self._encode_by_library(value)
        except (ValueError, TypeError, EncodeError) as error:
            raise InvalidPayload("", _reason(error)) from error
        return self._prefix + content

    def _encode_by_library(self, value: Any) -> bytes:
        try:
            message = json_format.ParseDict(
                value,
                self._plan.message_class(),
                descriptor_pool=self._schema.pool,
                max_recursion_depth=JSON_DEPTH_MAX,
            )
            content: bytes = message.SerializeToString()
        except (json_format.ParseError, EncodeError, ValueError, TypeError) as error:
            raise InvalidPayload("", _reason(error)) from error
        return content

    def name_of(self, payload: bytes) -> str:
        """Return the full name of the message that a payload is.

        Raises:
            InvalidPayload: It is none of this schema.
        """
        try:
            indexes, _ = read_indexes(payload)
        except ValueError as error:
            raise InvalidPayload("", str(error)) from error
        name = self._schema.message_names.get(indexes)
        if name is None:
            raise InvalidPayload("", f"the schema has no message of the indexes {list(indexes)}")
        return name

    def decode(self, payload: bytes) -> Any:
        """Return the JSON value of a payload.

        Raises:
            InvalidPayload: These are no bytes of this schema.
        """
        try:
            indexes, start = read_indexes(payload)
        except ValueError as error:
            raise InvalidPayload("", str(error)) from error
        message_class = self._classes.get(indexes) or self._class_of(indexes)
        try:
            message = message_class.FromString(payload[start:])
            if not message.IsInitialized():
                missing = ", ".join(message.FindInitializationErrors())
                raise InvalidPayload("", f"required fields are missing: {missing}")
            return json_format.MessageToDict(
                message,
                always_print_fields_with_no_presence=True,
                descriptor_pool=self._schema.pool,
            )
        except (DecodeError, json_format.Error, ValueError, TypeError) as error:
            raise InvalidPayload("", _reason(error)) from error

    def _class_of(self, indexes: tuple[int, ...]) -> Any:
        name = self._schema.message_names.get(indexes)
        if name is None:
            raise InvalidPayload("", f"the schema has no message of the indexes {list(indexes)}")
        found = GetMessageClass(self._schema.message_type(name))
        self._classes[indexes] = found
        return found


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
