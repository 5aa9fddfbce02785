"""The committed AsyncAPI document is what the code checks and sends."""

from app.api.ws.asyncapi import document, dump
from tests.support.node import ROOT


def test_exported_document_is_what_the_frames_say() -> None:
    committed = (ROOT / "openapi" / "cauce-ws.json").read_text(encoding="utf-8")

    assert committed == dump(document()), "run `make openapi` and commit the result"
