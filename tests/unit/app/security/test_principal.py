"""Principals are written as Kafka writes them."""

from app.security.principal import ANONYMOUS, Principal


def test_principal_is_written_with_its_kind() -> None:
    assert str(Principal("alice")) == "User:alice"
    assert str(Principal("ops", "Group")) == "Group:ops"
    assert str(ANONYMOUS) == "User:ANONYMOUS"


def test_principals_are_the_same_by_name_and_kind() -> None:
    assert Principal("alice") == Principal("alice", "User")
    assert len({Principal("a"), Principal("a"), Principal("a", "Group")}) == 2
