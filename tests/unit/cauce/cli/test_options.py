import pytest
import typer

from cauce.cli.options import parse_assignments, parse_separator


def test_parse_assignments_splits_at_the_first_equals_sign() -> None:
    assert parse_assignments(["a=1", "b==", "c="], "--config") == {"a": "1", "b": "=", "c": ""}


@pytest.mark.parametrize("given", [["a"], ["=1"], ["a=1", "a=2"]])
def test_parse_assignments_refuses_what_names_nothing_or_twice(given: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match="--config"):
        parse_assignments(given, "--config")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":", b":"),
        (r"\t", b"\t"),
        (r"\x1F|", b"\x1f|"),
        (r"\0", b"\0"),
        (r"\\t", b"\\t"),
        ("→", "→".encode()),
        ("\udcff", b"\xff"),
    ],
)
def test_parse_separator_reads_escapes(text: str, expected: bytes) -> None:
    assert parse_separator(text) == expected


@pytest.mark.parametrize("text", ["", r"\q", "\\", r"\x1"])
def test_parse_separator_refuses_unknown_escapes(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|not an escape"):
        parse_separator(text)
