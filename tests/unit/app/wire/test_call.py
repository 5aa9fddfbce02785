from app.security.principal import ANONYMOUS, Principal
from app.wire.call import Client


def test_a_client_is_anonymous_until_it_says_who_it_is() -> None:
    client = Client(host="10.0.0.1")

    assert client.principal is ANONYMOUS
    client.principal = Principal("alice")
    assert str(client.principal) == "User:alice"
