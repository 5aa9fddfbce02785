"""The exported document."""

import json
from pathlib import Path

import pytest

from app.api import openapi_export
from app.api.openapi_export import document, dump


def test_main_writes_what_the_document_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "document.json"
    monkeypatch.setattr("sys.argv", ["export", str(path)])

    openapi_export.main()

    assert path.read_text() == dump(document())
    assert json.loads(path.read_text())["openapi"].startswith("3.1")
