"""Signed text: what was signed is read again, everything else is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.tokens.signed import BadSignature, Signed

SIGNED = Signed(b"s" * 32, b"\x01")


@given(st.binary(max_size=100))
def test_text_is_read_as_the_bytes_that_it_was_made_of(body: bytes) -> None:
    text = SIGNED.sign(body)

    assert SIGNED.read(text) == body
    assert text.isascii()
    assert not set(text) & set("=+/ ")


@given(st.binary(max_size=60), st.data())
def test_text_with_another_letter_anywhere_is_refused(body: bytes, data: st.DataObject) -> None:
    text = SIGNED.sign(body)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCXYZabcxyz0189-_").filter(lambda one: one != text[at]))

    with pytest.raises(BadSignature):
        SIGNED.read(text[:at] + other + text[at + 1 :])


@given(st.text() | st.text(alphabet="ABCabc019-_", max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadSignature):
        SIGNED.read(text)


def test_text_of_another_use_or_cluster_or_spelling_is_refused() -> None:
    text = SIGNED.sign(b"body")

    for other in (Signed(b"s" * 32, b"\x02"), Signed(b"t" * 32, b"\x01")):
        with pytest.raises(BadSignature):
            other.read(text)
    for spelling in (text + "=", text + "\n", base64.b64encode(b"x").decode() + text):
        with pytest.raises(BadSignature):
            SIGNED.read(spelling)
