import pytest

from cauce.client.address import is_loopback, parse_url
from cauce.client.errors import InvalidUrl


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("localhost:8082", "http://localhost:8082"),
        ("http://127.0.0.1:8082/", "http://127.0.0.1:8082"),
        ("https://events.example/cauce/", "https://events.example/cauce"),
        ("http://[::1]:8082", "http://[::1]:8082"),
    ],
)
def test_parse_url_accepts_what_people_write(given: str, expected: str) -> None:
    assert parse_url(given) == expected


@pytest.mark.parametrize(
    "given",
    ["ftp://host", "http://", "", "http://host:0", "http://host:70000", "http://host/?a=1"],
)
def test_parse_url_refuses_what_is_no_address_of_a_server(given: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_url(given)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:1", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:1", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
    ],
)
def test_is_loopback_knows_this_machine(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    "given", ["http://u:hidden@host", "u:hidden@host:1", "ftp://u:hidden@host"]
)
def test_a_login_in_an_address_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(InvalidUrl) as refused:
        parse_url(given)

    assert "hidden" not in str(refused.value)
    assert "***@host" in str(refused.value)
