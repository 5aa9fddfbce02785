"""Errors of the client: what the caller may do next, and what stands on the terminal."""

import pytest

from cauce.client.errors import (
    AnswerLost,
    ClientError,
    InvalidUrl,
    Refused,
    ServerUnreachable,
    UnexpectedAnswer,
)

URL = "http://localhost:8082"
KINDS = (AnswerLost, InvalidUrl, Refused, ServerUnreachable, UnexpectedAnswer)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_caught_as_the_clients_and_as_none_of_the_others(
    kind: type[ClientError],
) -> None:
    assert kind.__bases__ == (ClientError,)


@pytest.mark.parametrize("kind", [AnswerLost, ServerUnreachable, UnexpectedAnswer])
def test_error_of_a_connection_says_where_and_why(
    kind: type[AnswerLost | ServerUnreachable | UnexpectedAnswer],
) -> None:
    error = kind(URL, "the reason")

    assert error.url == URL
    assert URL in str(error)
    assert "the reason" in str(error)


def test_wrong_address_is_quoted_so_that_its_spaces_are_seen() -> None:
    error = InvalidUrl(" x", "no host")

    assert str(error) == "' x' is not the address of a server: no host"


def test_refusal_keeps_the_servers_message_apart_from_its_numbers() -> None:
    error = Refused(404, 40403, "This server does not host this topic.")

    assert (error.status, error.error_code) == (404, 40403)
    assert error.message == "This server does not host this topic."
    assert str(error) == "This server does not host this topic. (error 40403)"


def test_refusal_keeps_a_message_with_signs_of_formatting_as_it_is() -> None:
    assert str(Refused(422, 42202, "100% {of} %s")) == "100% {of} %s (error 42202)"
