import pytest

from cauce.cli.consuming.start_position import parse_start


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("earliest", ("from", "earliest")),
        ("latest", ("from", "latest")),
        ("0", ("offset", "0")),
        ("-1", ("last", "1")),
        ("-9007199254740991", ("last", "9007199254740991")),
        ("9223372036854775807", ("offset", "9223372036854775807")),
        ("@1312242084000", ("timestamp", "1312242084000")),
        ("2026-11-23T20:03:00.250Z", ("timestamp", "1795464180250")),
        ("2026-11-23T21:03:00.250+01:00", ("timestamp", "1795464180250")),
        ("2026-11-23T20:03:00.250", ("timestamp", "1795464180250")),
        ("2026-11-23", ("timestamp", "1795392000000")),
        ("1970-01-01T00:00:00.0001Z", ("timestamp", "1")),
    ],
)
def test_parse_start_reads_names_offsets_and_times(text: str, expected: tuple[str, str]) -> None:
    assert parse_start(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "-x",
        "-9007199254740992",
        "newest",
        "9223372036854775808",
        "@",
        "@soon",
        "1969-12-31",
        "2026-13-01",
        "\uff11",
    ],
)
def test_parse_start_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_start(text)
