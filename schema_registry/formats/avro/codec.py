"""The codec: JSON values to Avro's bytes and back, by fastavro.

Values are written as in Avro's own JSON encoding: the value of a union is null, or an object whose
one key names the branch; bytes and fixed are text of the code points 0 to 255; logical types are
the numbers and text below them. Two liberties on the way in: a union's value that does not name
its branch is taken as the first branch that it fits, and a field left out takes its default.
Source: Avro specification 1.12, "JSON Encoding" and "Binary Encoding".
"""

import io
from typing import Any

import fastavro

from schema_registry.errors import InvalidPayload
from schema_registry.formats.avro.decoders import Decoders
from schema_registry.formats.avro.encoders import Encoders, Misfit
from schema_registry.formats.avro.shape import Shape, check_weight
from schema_registry.formats.avro.skimmer import needs_skimming, skimmer
from schema_registry.formats.avro.types import AvroType, Primitive


class AvroCodec:
    """Values of one schema to bytes and back."""

    def __init__(self, root: AvroType) -> None:
        """Compile the schema.

        Raises:
            BoundExceeded: Its values cannot be held.
        """
        check_weight(root)
        shape = Shape()
        self._schema = fastavro.parse_schema(shape.of(root), named_schemas={})
        self._encode = Encoders(shape).of(root)
        self._decode = Decoders().of(root)
        self._skim = skimmer(root) if needs_skimming(root) else None
        self._is_bytes = isinstance(root, Primitive) and root.kind == "bytes"

    def encode(self, value: Any) -> bytes:
        """Return the bytes of a value.

        Raises:
            InvalidPayload: It is none of this schema; says where.
        """
        written = io.BytesIO()
        try:
            fastavro.schemaless_writer(written, self._schema, self._encode(value))
        except Misfit as misfit:
            raise InvalidPayload(misfit.path, misfit.message) from None
        except RecursionError:
            raise InvalidPayload("", "nested too deeply") from None
        return written.getvalue()

    def decode(self, payload: bytes) -> Any:
        """Return the value of bytes; all of them.

        Raises:
            InvalidPayload: They are none of this schema.
        """
        source = io.BytesIO(payload)
        try:
            if self._skim is not None:
                self._skim(payload)
            found = fastavro.schemaless_reader(source, self._schema, None, return_record_name=True)
            if source.tell() == len(payload):
                return self._decode(found)
            problem = "bytes are left over"
        except (EOFError, ValueError, LookupError, TypeError, OverflowError, MemoryError) as error:
            problem = str(error)
        except RecursionError:
            problem = "nested too deeply"
        if self._is_bytes:  # Java's serializer writes bytes alone without their length
            return payload.decode("latin-1")
        raise InvalidPayload("", f"not Avro of this schema: {problem}")
