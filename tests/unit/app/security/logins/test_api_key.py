"""API keys: their form, and what is kept of them."""

import pytest

from app.security.logins.api_key import hash_of, key_id_of, key_of_pair, new_key


def test_keys_are_all_different_and_name_their_ids() -> None:
    made = [new_key() for _ in range(500)]

    assert len({key for _, key in made}) == len({key_id for key_id, _ in made}) == 500
    assert all(key_id_of(key) == key_id and key.startswith("cauce_") for key_id, key in made)
    assert len({hash_of(key) for _, key in made}) == 500


@pytest.mark.parametrize("text", ["", "cauce_", "cauce_0123456789abcdef_", "\ud800", "x" * 66])
def test_other_text_is_no_key(text: str) -> None:
    assert key_id_of(text) is None
    assert len(hash_of(text)) == 32


def test_a_pair_of_user_and_password_may_stand_for_a_key() -> None:
    key_id, key = new_key()
    secret = key.removeprefix(f"cauce_{key_id}_")

    shown = [("", key), (key_id, key), (f"cauce_{key_id}", key)]
    shown += [(key_id, secret), (f"cauce_{key_id}", secret)]
    others = [("alice", key), ("alice", secret), (key_id, "short"), (key_id.upper(), secret)]

    assert {key_of_pair(*one) for one in shown} == {key}
    assert {key_of_pair(*one) for one in [*others, ("", secret), ("", "")]} == {None}
