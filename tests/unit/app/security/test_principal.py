"""Principals are written as Kafka writes them."""

from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal


def test_principal_is_written_with_its_kind() -> None:
    assert str(Principal("alice")) == "User:alice"
    assert str(Principal("ops", "Group")) == "Group:ops"
    assert str(ANONYMOUS) == "User:ANONYMOUS"


def test_principals_are_the_same_by_name_and_kind() -> None:
    assert Principal("alice") == Principal("alice", "User")
    assert len({Principal("a"), Principal("a"), Principal("a", "Group")}) == 2


def test_where_a_principal_comes_from_and_what_it_logged_in_with_is_not_who_it_is() -> None:
    credential = Credential(CredentialKind.API_KEY, "k1")
    known = Principal("a", client_id="c", scopes=frozenset({"read"}), credential=credential)

    seen = known.from_host("10.0.0.1")

    assert seen == known == Principal("a", expires_at_ms=5)
    assert hash(seen) == hash(Principal("a"))
    assert (seen.host, seen.client_id, seen.credential) == ("10.0.0.1", "c", credential)
