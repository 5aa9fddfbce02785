"""Passwords: what their hashes are, and that nothing of them is to be seen."""

from collections.abc import Iterator

import pytest

from app.security.logins.passwords import PASSWORD_BYTES_MAX, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_hash_is_argon2id_of_the_chosen_cost_with_a_salt_of_its_own(
    passwords: Passwords,
) -> None:
    first, second = await passwords.hash("p"), await passwords.hash("p")

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


async def test_marks_depend_on_all_they_are_made_of_and_on_the_process(
    passwords: Passwords,
) -> None:
    marks = {
        passwords.mark(*one)
        for one in [("u", 1, "p"), ("u", 2, "p"), ("v", 1, "p"), ("u", 1, "q"), ("u", 11, "")]
    }

    assert len(marks) == 5
    assert Passwords().mark("u", 1, "p") not in marks


async def test_longest_password_is_checked_whole_and_a_longer_one_is_none(
    passwords: Passwords,
) -> None:
    longest = "x" * PASSWORD_BYTES_MAX
    kept = await passwords.hash(longest)

    assert await passwords.check(b"1", kept, longest, "h", 0.0)
    assert not await passwords.check(b"2", kept, longest + "x", "h", 0.0)
    assert not await passwords.check(b"3", kept, longest[:-1], "h", 0.0)


async def test_what_is_kept_may_be_damaged_and_is_then_no_password(passwords: Passwords) -> None:
    assert not await passwords.check(b"1", "no hash", "p", "h", 0.0)
    assert not passwords.is_known(b"1", 0.0)
