"""Samples of messages: bounded, whatever a schema says."""

import pytest

from schema_registry.formats.protobuf import samples
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat


def test_sample_ends_where_a_bound_says() -> None:
    fields = "".join(f"int32 f{number} = {number};" for number in range(1, 3_000))
    text = f'syntax = "proto3"; message M {{ {fields} }}'

    found = samples.sample(ProtobufFormat().parse(text, strict=False).message_type("M"))

    assert len(found) == samples.SAMPLE_FIELDS_MAX


def test_deep_messages_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "SAMPLE_DEPTH_MAX", 2)
    text = """syntax = "proto3";
        message A { B b = 1; int32 x = 2; } message B { C c = 1; int32 y = 2; }
        message C { int32 z = 1; }"""

    found = samples.sample(ProtobufFormat().parse(text).message_type("A"))

    assert found == {"b": {"y": 1}, "x": 1}
