"""Verdicts as JSON: what programs read, beside the messages that clients print."""

from collections.abc import Sequence

from schema_registry.api.documents import Document
from schema_registry.compatibility.incompatibility import Incompatibility
from schema_registry.registry.checks import Verdict


def verdict_documents(verdicts: Sequence[Verdict]) -> list[Document]:
    """Return what came of each version."""
    return [
        {
            "version": one.version,
            "id": one.schema_id,
            "is_compatible": one.is_compatible,
            "incompatibilities": [_document(found) for found in one.incompatibilities],
        }
        for one in verdicts
    ]


def _document(found: Incompatibility) -> Document:
    written: Document = {"kind": found.kind, "path": found.path, "message": found.message}
    for key, value in (
        ("reader", found.reader),
        ("writer", found.writer),
        ("counterExample", found.counter_example),
    ):
        if value is not None:
            written[key] = value
    return written
