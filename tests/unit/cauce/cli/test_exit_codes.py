"""Exit statuses are a promise: each has one meaning, and the documentation says which."""

from pathlib import Path

from cauce.cli import exit_codes

DOCUMENT = Path(__file__).parents[4] / "docs" / "cli.md"


def test_statuses_are_distinct_and_those_of_shells_are_left_alone() -> None:
    statuses = {
        name: value for name, value in vars(exit_codes).items() if name.isupper() and name != "_"
    }

    assert len(set(statuses.values())) == len(statuses)
    assert statuses.pop("SIGNALLED") == 128
    assert all(0 <= status < 126 for status in statuses.values())


def test_document_says_what_each_means() -> None:
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    documented = {line.split("|")[1].strip(" `") for line in lines}

    for status in (exit_codes.OK, exit_codes.REFUSED, exit_codes.USAGE, exit_codes.UNREACHABLE):
        assert str(status) in documented
