import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.embedded_formats import EmbeddedFormat
from app.api.errors import ApiError
from app.api.sse.query import SESSION_TIMEOUT_MS, Commit, parse_stream_query


def test_nothing_given_follows_the_topic_from_its_end() -> None:
    query = parse_stream_query(b"", "t")

    assert query.topics == ("t",)
    assert not query.from_earliest
    assert (query.offset, query.timestamp_ms, query.until_ms) == (None, None, None)
    assert not query.until_end
    assert (query.max_records, query.max_bytes) == (None, None)
    assert query.types == (None, None)
    assert (query.filter, query.group, query.last_event_id) == (None, None, None)
    assert not query.is_committed
    assert query.commit is Commit.ON_NEXT
    assert query.session_timeout_ms == SESSION_TIMEOUT_MS


def test_everything_is_read() -> None:
    query = parse_stream_query(
        b"partition=1&partition=2,1&offset=5&until=1970-01-01T00:00:01Z&max_records=7&max_bytes=8"
        b"&key_type=string&value_type=BINARY&filter=true&isolation_level=read_committed"
        b"&last_event_id=x",
        "t",
    )

    assert query.partitions == (1, 2)
    assert (query.offset, query.until_ms, query.until_end) == (5, 1_000, False)
    assert (query.max_records, query.max_bytes) == (7, 8)
    assert query.types == (EmbeddedFormat.STRING, EmbeddedFormat.BINARY)
    assert (query.filter, query.is_committed, query.last_event_id) == ("true", True, "x")


def test_topics_of_a_member_are_named_or_matched() -> None:
    named = parse_stream_query(b"topic=a&topic=b&topic=a&group=g&instance_id=i&commit=auto", None)
    matched = parse_stream_query(b"pattern=a.*&group=g&session_timeout_ms=6000", None)

    assert (named.topics, named.group, named.instance_id) == (("a", "b"), "g", "i")
    assert named.commit is Commit.AUTO
    assert (matched.topics, matched.pattern, matched.session_timeout_ms) == ((), "a.*", 6_000)


@pytest.mark.parametrize(
    ("query", "topic", "problem"),
    [
        ("", None, "topic or pattern must be given"),
        ("topic=a&pattern=b&group=g", None, "topic or pattern must be given"),
        ("topic=a", "t", "unknown query parameter 'topic'"),
        ("pattern=a", None, "pattern needs group"),
        ("commit=auto", "t", "commit needs group"),
        ("instance_id=i", "t", "instance_id needs group"),
        ("offset=1&group=g", "t", "offset does not go with group"),
        ("until=end&group=g", "t", "until does not go with group"),
        ("partition=1&group=g", "t", "partition does not go with group"),
        ("from=latest&offset=1", "t", "offset cannot be combined with from"),
        ("offset=1&timestamp=5", "t", "timestamp cannot be combined with offset"),
        ("from=middle", "t", "from must be earliest or latest"),
        ("until=soon", "t", "until must be ISO 8601"),
        ("partition=a", "t", "partition must be an integer"),
        ("topic=a&topic=b&partition=1", None, "partition goes with one topic only"),
        ("max_records=0", "t", "max_records must be 1 to"),
        ("commit=never&group=g", "t", "commit must be on_next, auto or none"),
        ("wait_ms=1", "t", "unknown query parameter 'wait_ms'"),
        ("&".join(f"topic={n}" for n in range(101)), None, "can be given 100 times"),
        ("partition=" + ",".join(map(str, range(1_001))), "t", "can be given 1000 times"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(
    query: str, topic: str | None, problem: str
) -> None:
    with pytest.raises(ApiError, match=problem) as caught:
        parse_stream_query(query.encode(), topic)

    assert (caught.value.status, caught.value.error_code) == (400, 400)


@given(st.binary(max_size=60))
def test_any_query_reads_or_is_refused(query: bytes) -> None:
    try:
        assert parse_stream_query(query, "t").topics == ("t",)
    except ApiError as error:
        assert error.status == 400  # noqa: PT017 - both outcomes are right
