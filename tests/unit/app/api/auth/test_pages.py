"""What browsers send by themselves, and for whose pages it counts."""

import pytest

from app.api.auth.pages import (
    COOKIE_BYTES_MAX,
    is_allowed_origin,
    is_of_another_page,
    is_visit,
    may_use_cookie,
    session_cookie,
)

OURS = "https://here:8082"


@pytest.mark.parametrize(
    ("cookie", "value"),
    [
        (b"cauce_session=abc", "abc"),
        (b"other=1; cauce_session=a%20b", "a b"),
        (b"other=1", ""),
        (b"", ""),
        (b"a\x00b", ""),
        (b"cauce_session=" + b"a" * COOKIE_BYTES_MAX, ""),
    ],
)
def test_session_is_what_its_cookie_holds(cookie: bytes, value: str) -> None:
    assert session_cookie([(b"cookie", cookie)]) == value
    assert session_cookie([]) == ""


@pytest.mark.parametrize(
    ("origins", "is_allowed"),
    [
        ([], None),
        ([b"https://here:8082"], True),
        ([b"https://app.example"], True),
        ([b"https://evil.example"], False),
        ([b"null"], False),
        ([b"https://here:8082", b"https://here:8082"], False),
    ],
)
def test_origin_is_ours_or_allowed(origins: list[bytes], is_allowed: bool | None) -> None:
    headers = [(b"origin", one) for one in origins]

    assert is_allowed_origin(headers, OURS, "https://app.example".__eq__) is is_allowed


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ([], False),
        ([(b"sec-fetch-site", b"same-origin")], True),
        ([(b"sec-fetch-site", b"same-site")], False),
        ([(b"sec-fetch-site", b"none")], False),
        ([(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")], False),
        ([(b"origin", b"https://here:8082")], True),
        ([(b"origin", b"https://evil.example"), (b"sec-fetch-site", b"same-origin")], False),
    ],
)
def test_cookie_counts_for_pages_of_ours(headers: list[tuple[bytes, bytes]], may: bool) -> None:
    assert may_use_cookie(headers, OURS, lambda _: False) is may


SAME, CROSS = (b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")
EVIL = (b"origin", b"https://evil.example")


@pytest.mark.parametrize(
    ("headers", "is_another"),
    [
        ([], False),  # a program
        ([SAME], False),
        ([SAME, (b"origin", b"https://here.example")], False),  # behind a proxy of another Host
        ([(b"sec-fetch-site", b"none")], False),
        ([(b"origin", b"https://here:8082")], False),
        ([(b"origin", b"https://app.example"), CROSS], False),
        ([EVIL], True),
        ([EVIL, CROSS], True),
        ([EVIL, (b"sec-fetch-site", b"same-site")], True),
        ([(b"origin", b"null")], True),
        ([CROSS], True),
        ([SAME, CROSS], True),
    ],
)
def test_page_of_another_origin_is_known(
    headers: list[tuple[bytes, bytes]], is_another: bool
) -> None:
    assert is_of_another_page(headers, OURS, "https://app.example".__eq__) is is_another


@pytest.mark.parametrize(
    ("modes", "method", "is_one"),
    [
        ([b"navigate"], "GET", True),
        ([b"navigate"], "HEAD", True),
        ([b"navigate"], "POST", False),
        ([b"no-cors"], "GET", False),
        ([b"navigate", b"no-cors"], "GET", False),
        ([], "GET", False),
    ],
)
def test_link_that_is_followed_is_a_visit(modes: list[bytes], method: str, is_one: bool) -> None:
    assert is_visit([(b"sec-fetch-mode", one) for one in modes], method) is is_one
