import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.errors import ApiError
from app.api.http_protocol import HEAD_BYTES_MAX
from app.api.resume_tokens import ResumePoint, ResumeTokens
from app.api.sse.place import Offsets, Place, StreamState, read_place
from app.api.sse.query import PARTITIONS_MAX
from app.consumers.model import TopicPartition

TOKENS = ResumeTokens(b"s" * 32)
IDS = {"a": "id-of-a", "b": "id-of-b"}


def place(state: StreamState | None = None, **offsets: int) -> Place:
    """Return a place; offsets are named like ``a0``."""
    one = Place(TOKENS, ("me", "User:x"), state or StreamState(), IDS.get)
    one.offsets = {TopicPartition(key[0], int(key[1:])): at for key, at in offsets.items()}
    return one


@given(
    offsets=st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(0, 2**31 - 1)).map(
            lambda pair: TopicPartition(*pair)
        ),
        st.integers(0, 2**63 - 1),
    ),
    records=st.integers(0, 2**60),
    done=st.booleans(),
)
def test_id_comes_back_as_it_went(offsets: Offsets, records: int, *, done: bool) -> None:
    state = StreamState(group="g", records=records, bytes=7, done=done, ends=[("a", 0, 9)])
    one = place(state)
    one.offsets = offsets

    back = read_place(TOKENS, one.token(), "User:x", IDS.get)

    assert (back.session, back.state, back.offsets) == ("me", state, offsets)


def test_ends_are_known_by_partition() -> None:
    assert place(StreamState(ends=[("a", 0, 9)])).ends == {TopicPartition("a", 0): 9}
    assert place().ends is None
    assert place().session == "me"


def test_offsets_of_a_topic_that_was_made_anew_are_left_out() -> None:
    token = place(a0=5, b1=6).token()

    back = read_place(TOKENS, token, "User:x", {"a": "another", "b": "id-of-b"}.get)

    assert back.offsets == {TopicPartition("b", 1): 6}


def test_topic_that_is_deleted_meanwhile_keeps_its_id() -> None:
    ids = dict(IDS)
    one = Place(TOKENS, ("me", "User:x"), StreamState(), ids.get)
    one.offsets = {TopicPartition("a", 0): 5}
    one.token()
    del ids["a"]

    assert read_place(TOKENS, one.token(), "User:x", IDS.get).offsets == one.offsets


def test_id_of_a_websocket_is_taken_for_its_positions() -> None:
    point = ResumePoint("w", "User:x", 3, b'{"type":"assign"}', {"a": ("id-of-a", [(0, 5)])})

    back = read_place(TOKENS, TOKENS.issue(point), "User:x", IDS.get)

    assert (back.session, back.state) == ("w", StreamState())
    assert back.offsets == {TopicPartition("a", 0): 5}


def test_id_of_nobody_or_of_somebody_else_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        read_place(TOKENS, "AAAA", "User:x", IDS.get)
    assert (caught.value.status, caught.value.error_code) == (400, 400)
    with pytest.raises(ApiError) as caught:
        read_place(TOKENS, place().token(), "User:y", IDS.get)
    assert (caught.value.status, caught.value.error_code) == (403, 40301)


def test_id_of_the_largest_stream_fits_into_a_head() -> None:
    one = place()
    one.offsets = {TopicPartition("a", number): 2**40 for number in range(PARTITIONS_MAX)}

    assert len(one.token()) < HEAD_BYTES_MAX * 3 // 4
