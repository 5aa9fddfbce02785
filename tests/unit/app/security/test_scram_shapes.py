"""Shapes of SCRAM credentials: those that are there, a few of them, and ours."""

from app.security.scram_shapes import SHAPE, SHAPES_MAX, shapes_of
from tests.support.security.records import scram


def test_shapes_are_those_of_most_credentials_and_ours() -> None:
    rare = [scram(f"r{number}", iterations=4096 + number) for number in range(100)]
    often = [scram(f"o{number}", iterations=16_384, salt=b"s" * 25) for number in range(3)]

    assert shapes_of([]) == (SHAPE,)
    assert shapes_of(often) == (SHAPE, (16_384, 25))
    found = shapes_of([*rare, *often])
    assert {SHAPE, (16_384, 25)} < set(found)
    assert len(found) == SHAPES_MAX + 1
