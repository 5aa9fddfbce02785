"""Subjects: how they are written, and where their settings are looked for."""

import pytest

from schema_registry.errors import InvalidSubject
from schema_registry.subjects import (
    GLOBAL,
    Subject,
    check_context,
    check_registrable,
    parse_subject,
)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("a", Subject(".", "a")),
        ("", Subject(".", "")),
        (":.c:a", Subject(".c", "a")),
        (":.c:a:b", Subject(".c", "a:b")),
        (":.c:", Subject(".c", "")),
        (":.c", Subject(".c", "")),
        (":.:a", Subject(".", "a")),
        (":*:a", Subject("*", "a")),
        (":a", Subject(".", ":a")),
        ("a:.c:", Subject(".", "a:.c:")),
        (":.__GLOBAL:", GLOBAL),
    ],
)
def test_texts_are_subjects(text: str, subject: Subject) -> None:
    assert parse_subject(text) == subject
    assert parse_subject(str(subject)) == subject


def test_names_without_a_context_take_the_one_given() -> None:
    assert parse_subject("a", context=".c") == Subject(".c", "a")
    assert parse_subject(":.d:a", context=".c") == Subject(".d", "a")


@pytest.mark.parametrize(
    "text", ["a\0", "a\n", "\x7f", "x" * 513, ":.c\n:a", ":." + "c" * 300 + ":a"]
)
def test_what_is_no_subject_is_refused(text: str) -> None:
    with pytest.raises(InvalidSubject):
        parse_subject(text)


def test_contexts_begin_with_a_dot_and_have_no_colon() -> None:
    assert check_context("c") == check_context(".c") == ".c"
    with pytest.raises(InvalidSubject):
        check_context(".c:d")


@pytest.mark.parametrize("text", [":.__GLOBAL:a", "__GLOBAL", "__EMPTY", ":*:a", ":.c:__EMPTY"])
def test_some_names_hold_no_schemas(text: str) -> None:
    with pytest.raises(InvalidSubject):
        check_registrable(parse_subject(text))


def test_settings_are_looked_for_upwards() -> None:
    assert parse_subject(":.c:a").scopes() == (Subject(".c", "a"), Subject(".c", ""), GLOBAL)
    assert Subject(".", "").scopes() == (Subject(".", ""), GLOBAL)
    assert GLOBAL.scopes() == (GLOBAL,)
