import msgspec

from cauce.cli.records.record_output import JsonRenderer, ValueRenderer

BINARY = {"key_type": "BINARY", "value_type": "BINARY"}


def record(key: str | None, value: str | None) -> msgspec.Raw:
    """A record as the server shows it, asked for base64."""
    return msgspec.Raw(
        msgspec.json.encode(
            {
                "offset": 1,
                "key": key and {"type": "BINARY", "data": key},
                "value": value and {"type": "BINARY", "data": value},
            }
        )
    )


def test_values_are_their_bytes() -> None:
    renderer = ValueRenderer()

    assert renderer.types == BINARY
    assert renderer.render([record("aw==", "/wA="), record(None, "dg==")]) == b"\xff\x00\nv\n"


def test_keys_stand_before_their_separator() -> None:
    renderer = ValueRenderer(key_separator=b"\t", null=b"NULL")

    assert renderer.render([record("aw==", None), record(None, "dg==")]) == b"k\tNULL\nNULL\tv\n"


def test_json_keeps_every_digit_and_stays_on_one_line() -> None:
    shown = msgspec.Raw(b'{"offset":9223372036854775807,\n"value":{"data":1.10,\r"type":"JSON"}}')

    rendered = JsonRenderer(types={}).render([shown])

    assert rendered == b'{"offset":9223372036854775807, "value":{"data":1.10, "type":"JSON"}}\n'
