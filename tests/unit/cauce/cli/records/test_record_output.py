import json

import msgspec

from cauce.cli.records.format_string import RecordFormat
from cauce.cli.records.record_output import FormatRenderer, JsonRenderer, ValueRenderer
from cauce.client.streaming.codec import Slice
from cauce.client.streaming.records import NewRecord
from tests.support.client.columns import columns_of


def part(*records: NewRecord, texts: tuple[bytes, ...] = ()) -> Slice:
    count = len(records) or len(texts)
    return Slice(
        topic="t",
        partition=1,
        epoch=1,
        count=count,
        next_offset=9,
        high_watermark=9,
        texts=[msgspec.Raw(text) for text in texts],
        data=columns_of(4, records),
    )


def test_values_are_their_bytes() -> None:
    renderer = ValueRenderer()

    rendered = renderer.render(part(NewRecord(b"\xff\x00"), NewRecord(b"v")), None)

    assert rendered == (b"\xff\x00\nv\n", 2, 9)
    assert not renderer.wants_json
    assert renderer.render(part(), None) == (b"", 0, 9)


def test_keys_stand_before_their_separator() -> None:
    renderer = ValueRenderer(key_separator=b"\t", null=b"NULL")

    rendered = renderer.render(part(NewRecord(None, b"k"), NewRecord(b"v")), None)

    assert rendered.text == b"k\tNULL\nNULL\tv\n"


def test_a_limit_cuts_and_the_next_offset_is_behind_what_is_left() -> None:
    records = part(NewRecord(b"a"), NewRecord(b"b"), NewRecord(b"c"))
    shown = b'{"offset":%d,"timestamp":0,"key":null,"value":null}'
    texts = part(texts=(shown % 4, shown % 7))

    assert ValueRenderer().render(records, 2) == (b"a\nb\n", 2, 6)
    assert FormatRenderer(form=RecordFormat("%s,")).render(records, 1) == (b"a,", 1, 5)
    rendered = JsonRenderer().render(texts, 1)
    assert (rendered.records, rendered.next_offset) == (1, 5)


def test_json_keeps_every_digit_and_stays_on_one_line() -> None:
    text = (
        b'{"offset":9223372036854775807,"timestamp":1795464180250,"key":null,\n"value":'
        b'{"type":"JSON","data":{"n":1.10,\r"m":1e400}},"headers":[{"name":"h","value":"YQ=="}]}'
    )

    rendered = JsonRenderer().render(part(texts=(text,)), None)

    assert rendered.text == (
        b'{"topic_name":"t","partition_id":1,"offset":9223372036854775807,'
        b'"timestamp":"2026-11-23T20:03:00.250Z","key":null,'
        b'"value":{"type":"JSON","data":{"n":1.10, "m":1e400}},'
        b'"headers":[{"name":"h","value":"YQ=="}]}\n'
    )
    assert JsonRenderer().wants_json


def test_a_moment_beyond_the_calendar_is_a_number_that_produce_takes() -> None:
    text = b'{"offset":0,"timestamp":9223372036854775807,"key":null,"value":null}'

    rendered = JsonRenderer().render(part(texts=(text,)), None)

    assert json.loads(rendered.text)["timestamp"] == 2**63 - 1
