"""Records of sessions: what is written is read again, and nothing else is taken for one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consumers.keeping.records import (
    decode_key,
    decode_state,
    encode_key,
    encode_state,
    key_of,
)
from app.consumers.keeping.state import Remembered, SessionState
from app.consumers.model import (
    ASSIGNOR_COOPERATIVE,
    DecodePolicy,
    OffsetReset,
    Position,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.coordinators.encoding import MalformedRecord
from app.security.principal import Principal

names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20
)
offsets = st.integers(-1, 2**62)
partitions = st.builds(TopicPartition, names, st.integers(0, 9))
places = st.builds(
    Remembered,
    st.builds(Position, names, st.integers(0, 9), offsets, st.integers(-1, 9)),
    st.uuids().map(str),
    offsets,
)
states = st.builds(
    SessionState,
    settings=st.builds(
        SessionSettings,
        group=names,
        name=names,
        is_durable=st.just(True),
        decode_policy=st.sampled_from(DecodePolicy),
        auto_offset_reset=st.sampled_from(OffsetReset) | st.integers(0, 2**60),
        auto_commit=st.booleans(),
        is_committed=st.booleans(),
        assignors=st.sampled_from([("range", "sticky"), (ASSIGNOR_COOPERATIVE,)]),
        extras=st.dictionaries(names, names, max_size=2),
    ),
    principal=st.builds(Principal, names),
    subscription=st.none()
    | st.builds(Subscription, topics=st.lists(names, max_size=3).map(tuple), pattern=st.none())
    | st.builds(Subscription, pattern=names),
    assigned=st.none() | st.lists(partitions, max_size=3).map(tuple),
    remembered=st.lists(places, max_size=3).map(
        lambda some: {one.position.topic_partition: one for one in some}
    ),
    epoch=st.integers(0, 2**40),
)


@given(states)
def test_a_session_is_read_as_it_was_written(state: SessionState) -> None:
    key = key_of(state.settings)
    assert key is not None

    assert decode_key(encode_key(key)) == key
    assert decode_state(encode_state(state)) == state


def test_a_session_without_group_or_name_has_no_key() -> None:
    assert key_of(SessionSettings(group="g")) is None
    assert key_of(SessionSettings(name="n")) is None


@given(st.binary(max_size=40) | st.just(b'["other","g","n"]') | st.just(b'["session","g"]'))
def test_other_keys_are_not_taken_for_sessions(data: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode_key(data)


@given(st.binary(max_size=40) | st.sampled_from([b"{}", b'{"version":1}', b'{"version":2}']))
def test_other_values_are_not_taken_for_sessions(data: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode_state(data)


def test_a_session_whose_settings_are_not_allowed_any_more_is_malformed() -> None:
    settings = SessionSettings(group="g", name="n", is_durable=True)
    value = json.loads(encode_state(SessionState(settings=settings)))
    value["settings"]["assignors"] = ["best"]

    with pytest.raises(MalformedRecord):
        decode_state(json.dumps(value).encode())
