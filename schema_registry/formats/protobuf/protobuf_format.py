"""Protobuf as one of the registry's formats.

Called by: registry. Calls: schema, codec.
"""

from collections.abc import Callable, Sequence

from schema_registry.formats.protobuf.codec import ProtobufCodec
from schema_registry.formats.protobuf.limits import Steps, no_deadline
from schema_registry.formats.protobuf.message_indexes import FIRST_MESSAGE
from schema_registry.formats.protobuf.schema import ProtobufSchema, read_schema
from schema_registry.formats.schema_format import ParsedSchema, PayloadCodec
from schema_registry.model import ResolvedReference, SchemaType


class ProtobufFormat:
    """Reads Protobuf schemas and gives their codecs."""

    schema_type = SchemaType.PROTOBUF

    def __init__(self, checkpoint: Callable[[], None] = no_deadline) -> None:
        """Prepare to read.

        Args:
            checkpoint: Called now and then within long work; what it raises ends the work.
        """
        self._checkpoint = checkpoint

    def parse(
        self, text: str, references: Sequence[ResolvedReference] = (), *, strict: bool = True
    ) -> ProtobufSchema:
        """Return the schema of a text, or of a descriptor in base64.

        Raises:
            InvalidSchema: It is none; says where, ``BoundExceeded`` if it is too much.
        """
        return read_schema(text, references, Steps(self._checkpoint), strict=strict)

    def codec(
        self, schema: ParsedSchema, message: str | Sequence[int] = FIRST_MESSAGE
    ) -> PayloadCodec:
        """Return a codec for one of a schema's messages, the first unless another is named."""
        assert isinstance(schema, ProtobufSchema), "a schema of this format"
        return ProtobufCodec(schema, message)
