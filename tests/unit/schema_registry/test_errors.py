"""Errors: a fault says where it is."""

from schema_registry.errors import BoundExceeded, InvalidSchema, SchemaFormatUnsupported


def test_a_fault_says_what_and_where() -> None:
    error = InvalidSchema("/fields/0/type", "unknown type 'strin'")

    assert str(error) == "unknown type 'strin' (at /fields/0/type)"
    assert (error.path, error.message) == ("/fields/0/type", "unknown type 'strin'")


def test_a_fault_of_the_whole_text_names_no_place() -> None:
    assert str(BoundExceeded("", "deeper than 100")) == "deeper than 100"


def test_a_format_that_is_unknown_is_named() -> None:
    assert "'resolved'" in str(SchemaFormatUnsupported("resolved"))
