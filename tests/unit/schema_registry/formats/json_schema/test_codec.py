import pytest

from schema_registry.errors import InvalidPayload
from tests.support.registry.json_schema_cases import FORMAT, parse

CODEC = FORMAT.codec(parse({"type": ["object", "number", "string", "array", "boolean", "null"]}))


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ({"a": [1, 2.5, None, True], "é": "ü\n"}, '{"a":[1,2.5,null,true],"é":"ü\\n"}'),
        (10**30, str(10**30)),
        ({"deep": [10**30]}, '{"deep":[1000000000000000000000000000000]}'),
        (0.1, "0.1"),
        ("", '""'),
    ],
)
def test_a_value_is_plain_json_and_comes_back(value: object, payload: str) -> None:
    assert CODEC.encode(value) == payload.encode()
    assert CODEC.decode(payload.encode()) == value


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"nul",
        b"\xff",
        b'"\xff"',
        b"1 2",
        b"NaN",
        b"[" * 100_000,
        b"\x00\x00\x00\x00\x01",
    ],
    ids=repr,
)
def test_bytes_that_are_no_json_are_refused(payload: bytes) -> None:
    with pytest.raises(InvalidPayload, match="no JSON"):
        CODEC.decode(payload)


@pytest.mark.parametrize("value", [{1, 2}, object(), "\ud800", {"\ud800": 1}, ["\ud800"]])
def test_values_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(InvalidPayload):
        FORMAT.codec(parse({})).encode(value)


def test_a_value_deeper_than_can_be_is_refused() -> None:
    value: object = None
    for _ in range(100_000):
        value = [value]

    with pytest.raises(InvalidPayload):
        CODEC.encode(value)


def test_both_ways_are_held_to_the_schema() -> None:
    codec = FORMAT.codec(parse({"properties": {"a": {"type": "string"}}}))

    for attempt in (lambda: codec.encode({"a": 1}), lambda: codec.decode(b'{"a":1}')):
        with pytest.raises(InvalidPayload) as refusal:
            attempt()
        assert refusal.value.path == "/a"
