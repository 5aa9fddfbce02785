"""Exports the OpenAPI document: the promise that clients are generated from.

``python -m app.api.openapi_export PATH`` writes it; a test holds the committed file against it.
"""

import json
import sys
from pathlib import Path

from app.api.application import build_application
from app.api.openapi_document import Document


def document() -> Document:
    """Return the OpenAPI 3.1 document of every route."""
    return build_application().openapi()


def dump(written: Document) -> str:
    """Return the document as it is committed."""
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the document to the path given."""
    Path(sys.argv[1]).write_text(dump(document()), encoding="utf-8")


if __name__ == "__main__":
    main()
