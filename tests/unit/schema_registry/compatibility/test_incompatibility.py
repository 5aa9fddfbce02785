"""Incompatibility: one reason, comparable by value."""

from schema_registry.compatibility.incompatibility import Incompatibility


def test_reasons_are_values() -> None:
    one = Incompatibility(kind="TYPE_MISMATCH", path="/type", message="string is not int")

    assert one == Incompatibility(kind="TYPE_MISMATCH", path="/type", message="string is not int")
    assert one.counter_example is None
