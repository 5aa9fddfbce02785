"""The committed OpenAPI document is what the application says."""

from pathlib import Path

from app.api.openapi_export import document, dump

ROOT = Path(__file__).parents[2]


def test_exported_document_is_what_the_application_says() -> None:
    committed = (ROOT / "openapi" / "cauce-v3.json").read_text(encoding="utf-8")

    assert committed == dump(document()), "run `make openapi` and commit the result"


def test_every_operation_has_a_stable_id_and_declares_its_errors() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"], (method, path)
            assert {"400", "404", "500"} <= operation["responses"].keys(), (method, path)
