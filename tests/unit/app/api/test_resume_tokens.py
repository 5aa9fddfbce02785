"""Resume tokens: what is issued is read again, everything else is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.resume_tokens import (
    POSITIONS_MAX,
    TOKEN_CHARS_MAX,
    BadToken,
    ResumePoint,
    ResumeTokens,
)

TOKENS = ResumeTokens(b"s" * 32)
int63 = st.integers(0, 2**63 - 1)
points = st.builds(
    ResumePoint,
    session=st.text(max_size=20),
    principal=st.text(max_size=20),
    epoch=int63,
    settings=st.binary(max_size=40),
    positions=st.dictionaries(
        st.text(max_size=8),
        st.tuples(st.text(max_size=8), st.lists(st.tuples(st.integers(0, 2**31 - 1), int63))),
        max_size=4,
    ),
)
POINT = ResumePoint("s", "User:a", 3, b"{}", {"t": ("id", [(0, 5), (1, 7)])})


@given(points)
def test_a_token_is_read_as_the_point_that_it_was_issued_for(point: ResumePoint) -> None:
    token = TOKENS.issue(point)

    assert TOKENS.read(token) == point
    assert token.isascii()
    assert not set(token) & set("=+/ ")


@given(points, st.data())
def test_a_token_with_another_byte_anywhere_is_refused(
    point: ResumePoint, data: st.DataObject
) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKENS.issue(point) + "==="))
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(BadToken):
        TOKENS.read(base64.urlsafe_b64encode(raw).decode().rstrip("="))


@given(st.text() | st.text(alphabet="ABCabc019-_", max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        TOKENS.read(text)


def test_a_token_of_another_cluster_is_refused() -> None:
    with pytest.raises(BadToken, match="of this cluster"):
        TOKENS.read(ResumeTokens(b"t" * 32).issue(POINT))


def test_a_token_beyond_the_bounds_is_refused() -> None:
    many = [(number, 1) for number in range(POSITIONS_MAX + 1)]

    with pytest.raises(BadToken, match="partitions"):
        TOKENS.read(TOKENS.issue(ResumePoint("s", "p", 0, b"", {"t": ("id", many)})))
    with pytest.raises(BadToken, match="characters"):
        TOKENS.read("A" * (TOKEN_CHARS_MAX + 1))
    assert TOKENS.read(TOKENS.issue(ResumePoint("s", "p", 0, b"", {"t": ("id", many[1:])})))
