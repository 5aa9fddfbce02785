import pytest

from schema_registry.formats.protobuf.names import camel_case, json_name, map_entry_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a"), ("a_b", "aB"), ("_a", "A"), ("a__b", "aB"), ("a_", "a"), ("a_1b", "a1b")],
)
def test_json_names_are_in_camel_case_with_a_small_first_letter(name: str, expected: str) -> None:
    assert json_name(name) == expected


def test_entries_of_maps_are_called_after_the_field() -> None:
    assert map_entry_name("some_map") == "SomeMapEntry"
    assert camel_case("foo_bar") == "FooBar"
