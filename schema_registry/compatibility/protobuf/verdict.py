"""The verdict on two Protobuf schemas.

Called by: registry (levels). Calls: differ.
"""

from collections.abc import Callable

from schema_registry.compatibility.incompatibility import INCOMPATIBILITIES_MAX, Incompatibility
from schema_registry.compatibility.protobuf.differ import differences
from schema_registry.compatibility.protobuf.difference import MESSAGES
from schema_registry.formats.protobuf.limits import Steps, no_deadline
from schema_registry.formats.protobuf.schema import ProtobufSchema
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import CompatibilityPolicy


def incompatibilities(
    reader: ParsedSchema,
    writer: ParsedSchema,
    policy: CompatibilityPolicy = CompatibilityPolicy.STRICT,
    checkpoint: Callable[[], None] = no_deadline,
) -> list[Incompatibility]:
    """Return why data of a writer cannot be read by a reader: nothing if it can.

    Args:
        reader: The schema that data is read with.
        writer: The schema that it was written with.
        policy: Of no matter for Protobuf.
        checkpoint: Called now and then; what it raises ends the comparison.
    """
    del policy
    assert isinstance(reader, ProtobufSchema), "a schema of this format"
    assert isinstance(writer, ProtobufSchema), "a schema of this format"
    found = differences(reader, writer, Steps(checkpoint))
    breaking = [one for one in found if not one.is_harmless]
    return [
        Incompatibility(
            kind=one.kind,
            path=one.path,
            message=MESSAGES[one.kind],
            reader=one.reader,
            writer=one.writer,
        )
        for one in breaking[:INCOMPATIBILITIES_MAX]
    ]
