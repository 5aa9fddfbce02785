import json

from app.api.sse.events import (
    HEADERS,
    comment,
    partitions_event,
    place_event,
    records_event,
    retry,
    told_event,
)


def test_records_are_one_event_with_its_id() -> None:
    event = records_event([b'{"offset":1},{"offset":2}', b'{"offset":3}'], "token")

    assert event == (
        b'event: records\nid: token\ndata: {"records":[{"offset":1},{"offset":2},{"offset":3}]}\n\n'
    )


def test_other_events_say_what_they_are() -> None:
    assert told_event("done", {"a": "x\ny"}, "t") == b'event: done\nid: t\ndata: {"a":"x\\ny"}\n\n'
    assert told_event("error", {}) == b"event: error\ndata: {}\n\n"
    name, data, end = partitions_event("assigned", [("a", 1)]).split(b"\n", 2)
    assert (name, end) == (b"event: assigned", b"\n")
    assert json.loads(data[6:]) == {"partitions": [{"topic_name": "a", "partition_id": 1}]}


def test_what_is_no_event_has_no_data() -> None:
    assert place_event("t") == b"id: t\n\n"
    assert comment("a\nb") == b": a b\n\n"
    assert retry(5) == b"retry: 5\n\n"


def test_nobody_keeps_or_holds_events_back() -> None:
    assert dict(HEADERS)[b"cache-control"] == b"no-store"
    assert dict(HEADERS)[b"x-accel-buffering"] == b"no"
