"""What a client logs in with, and what it never shows."""

import pytest

from cauce.client.credentials import Login, PasswordInClear, UnusableLogin, authorization

HERE, AWAY = "http://127.0.0.1:8082", "http://events.example:8082"
SECRET = "hidden-secret"


@pytest.mark.parametrize(
    ("login", "url", "shown"),
    [
        ({}, AWAY, None),
        ({"api_key": None, "basic": None, "token": None}, AWAY, None),
        ({"api_key": "cauce_1_a-b", "basic": None}, AWAY, "Bearer cauce_1_a-b"),
        ({"token": "a.b.c="}, HERE, "Bearer a.b.c="),
        ({"basic": ("alice", "p:q")}, HERE, "Basic YWxpY2U6cDpx"),
        ({"basic": ("alice", "p:q")}, "http://localhost", "Basic YWxpY2U6cDpx"),
        ({"basic": ("josé", "ñ")}, "HTTPS://events.example", "Basic am9zw6k6w7E="),
    ],
)
def test_what_is_shown(login: Login, url: str, shown: str | None) -> None:
    assert authorization(login, url) == shown


def test_a_password_is_not_sent_where_others_read_it() -> None:
    with pytest.raises(PasswordInClear, match="use https://") as refused:
        authorization({"basic": ("alice", SECRET)}, AWAY)

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "login",
    [
        {"api_key": SECRET, "token": SECRET},
        {"api_key": f"{SECRET}\r\nX: y"},
        {"api_key": f" {SECRET}"},
        {"token": ""},
        {"token": b"hidden-secret"},
        {"basic": ("a:b", SECRET)},
        {"basic": ("a", f"{SECRET}\n")},
        {"basic": ("\udcff", SECRET)},
    ],
)
def test_what_cannot_be_sent_is_refused_without_showing_it(login: Login) -> None:
    with pytest.raises(UnusableLogin) as refused:
        authorization(login, HERE)

    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_argument_that_is_none_of_them_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="password"):
        authorization({"password": SECRET}, HERE)  # type: ignore[typeddict-unknown-key]
