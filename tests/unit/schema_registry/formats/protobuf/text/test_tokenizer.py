import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.protobuf.text import tokenizer
from schema_registry.formats.protobuf.text.printer import quoted
from schema_registry.formats.protobuf.text.tokenizer import (
    Places,
    integer,
    place,
    tokenize,
    unquote,
)


def texts(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


def test_tokens_are_words_numbers_strings_and_symbols_without_comments() -> None:
    text = "a_1 /* b \n * */ = // c\n -0x1F.x 1.5e-3 .5 'it''s' \"\\\"\" {}"

    found = texts(text)

    assert found == [
        "a_1", "=", "-", "0x1F", ".", "x", "1.5e-3", ".5", "'it'", "'s'", '"\\""', "{", "}", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a\n  \x01", "2:3"),
        ("é", "1:1"),
        ("'a", "1:1"),
        ("'a\nb'", "1:1"),
        ("/* a", "1:1"),
        ("/* /* */", "1:1"),
        ("08", "1:1"),
        ("1a", "1:1"),
        ("1.2.3", "1:1"),
        ("0x", "1:1"),
        ("\n\n 1e", "3:2"),
        ("a # b", "1:3"),
    ],
)
def test_what_is_no_token_is_refused_with_its_place(text: str, where: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        tokenize(text)

    assert refusal.value.path == where


def test_more_tokens_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "TOKENS_MAX", 10)

    with pytest.raises(BoundExceeded):
        tokenize("; " * 11)


@pytest.mark.parametrize(
    ("literal", "meant"),
    [
        (r"'\a\b\f\n\r\t\v\\\?\'\"'", b"\a\b\f\n\r\t\v\\?'\""),
        (r"'\x41\101\0\377'", b"AA\0\xff"),
        (r"'\u00e9\U0001F600'", "é😀".encode()),
        (r"'\ud83d\ude00'", "😀".encode()),
        (r"'\U00110000'", b"\xf4\x90\x80\x80"),
        ("'é'", "é".encode()),
    ],
)
def test_escapes_mean_what_protoc_says(literal: str, meant: bytes) -> None:
    assert unquote(literal) == meant


@pytest.mark.parametrize("literal", [r"'\q'", r"'\xg'", r"'\u12'", r"'\UFFFFFFFF'"])
def test_an_escape_without_meaning_is_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="escape"):
        unquote(literal)


@given(st.binary())
def test_any_bytes_come_back_from_what_is_printed(content: bytes) -> None:
    printed = quoted(content)

    assert [token.text for token in tokenize(printed)] == [printed, ""]
    assert unquote(printed) == content


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("017", 15), ("0xfF", 255), ("42", 42), ("9" * 9_000, 10**400)]
)
def test_integers_are_decimal_octal_or_hexadecimal(text: str, number: int) -> None:
    assert integer(text) == number


def test_places_agree_with_place() -> None:
    text = "a\nbc\n\nd"
    places = Places(text)

    assert [places.of(at) for at in range(len(text))] == [
        place(text, at) for at in range(len(text))
    ]
    assert places.of(2) == "2:1"


@given(st.text(alphabet="\"'/*\\\n ab0.{}\x00", max_size=300))
def test_any_text_is_cut_into_tokens_or_refused(text: str) -> None:
    try:
        tokens = tokenize(text)
    except InvalidSchema:
        return

    assert tokens[-1].position == len(text)
