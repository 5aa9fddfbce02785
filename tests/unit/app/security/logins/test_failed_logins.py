"""Failed logins: longer and longer lock-outs, bounded in time and memory."""

from hypothesis import given
from hypothesis import strategies as st

from app.security.logins.failed_logins import (
    FORGOTTEN_S,
    FREE_FAILURES,
    FREE_FAILURES_OF_ADDRESS,
    LOCKED_S_MAX,
    NAME_CHARS_MAX,
    REMEMBERED_MAX,
    REMEMBERED_S,
    FailedLogins,
)


def test_lock_outs_double_up_to_their_bound() -> None:
    failed, now, found = FailedLogins(), 0.0, []
    for _ in range(FREE_FAILURES + 8):
        failed.begin("u", "h", now)
        found.append(failed.locked_s("u", "h", now))
        now += found[-1]

    assert found[: FREE_FAILURES - 1] == [0.0] * (FREE_FAILURES - 1)
    assert found[FREE_FAILURES - 1 :] == [1, 2, 4, 8, 16, 32, LOCKED_S_MAX, LOCKED_S_MAX, 60.0]


def test_address_that_tries_one_user_after_the_other_is_locked_out_for_all() -> None:
    failed = FailedLogins()
    for number in range(FREE_FAILURES_OF_ADDRESS):
        assert failed.locked_s(f"u{number}", "h", 0.0) == 0.0
        failed.begin(f"u{number}", "h", 0.0)

    assert failed.locked_s("new", "h", 0.0) == 1.0
    assert failed.locked_s("new", "other", 0.0) == 0.0


def test_program_with_an_old_password_locks_out_itself_and_not_its_neighbours() -> None:
    failed, now, tries = FailedLogins(), 0.0, 0
    while now < 24 * 3_600:
        assert failed.locked_s("neighbour", "h", now) == 0.0
        failed.begin("program", "h", now)
        tries += 1
        now += max(1.0, failed.locked_s("program", "h", now))

    assert 1_440 <= tries <= 1_450, "one a minute, for as long as it goes on"


def test_address_that_guesses_for_a_day_has_no_more_than_it_forgets() -> None:
    failed, now, tries = FailedLogins(), 0.0, 0
    while now < 24 * 3_600:
        failed.begin(f"u{tries}", "h", now)
        tries += 1
        now += max(0.1, failed.locked_s(f"u{tries}", "h", now))

    assert tries <= FREE_FAILURES_OF_ADDRESS + 24 * 3_600 / FORGOTTEN_S + 5


def test_addresses_of_one_ipv6_network_are_one() -> None:
    failed = FailedLogins()
    for number in range(FREE_FAILURES):
        failed.begin("u", f"2001:db8:1:2::{number:x}", 0.0)

    assert failed.locked_s("u", "2001:db8:1:2:ffff::", 0.0) == 1.0
    assert failed.locked_s("u", "2001:db8:1:3::", 0.0) == 0.0
    failed.succeeded("u", "2001:db8:1:2::77")
    assert failed.locked_s("u", "2001:db8:1:2::1", 0.0) == 0.0


def test_success_forgets_the_users_failures_and_not_those_of_others() -> None:
    failed = FailedLogins()
    for user in ("a", "b"):
        for _ in range(FREE_FAILURES):
            failed.begin(user, "h", 0.0)

    failed.succeeded("a", "h")

    assert failed.locked_s("a", "h", 0.0) == 0.0
    assert failed.locked_s("b", "h", 0.0) == 1.0


def test_abandoned_attempt_counts_for_nothing() -> None:
    failed = FailedLogins()
    for _ in range(FREE_FAILURES_OF_ADDRESS * 3):
        failed.begin("u", "h", 0.0)
        failed.abandoned("u", "h")

    assert failed.locked_s("u", "h", 0.0) == 0.0


def test_failures_are_forgotten_in_time_and_the_oldest_when_there_are_too_many() -> None:
    failed = FailedLogins()
    for _ in range(FREE_FAILURES - 1):
        failed.begin("u", "h", 0.0)
    failed.begin("u", "h", REMEMBERED_S + 1)
    assert failed.locked_s("u", "h", REMEMBERED_S + 1) == 0.0

    for number in range(REMEMBERED_MAX + 10):
        failed.begin("u", f"h{number}", 0.0)

    assert len(failed) == REMEMBERED_MAX


def test_names_that_are_too_long_for_a_user_take_one_place() -> None:
    failed = FailedLogins()
    for number in range(FREE_FAILURES):
        failed.begin(f"{number}" * (NAME_CHARS_MAX + 1), "h", 0.0)

    assert len(failed) == 2
    assert failed.locked_s("x" * (NAME_CHARS_MAX + 1), "h", 0.0) == 1.0
    assert failed.locked_s("x" * NAME_CHARS_MAX, "h", 0.0) == 0.0
    failed.abandoned("y" * 1_000, "h")
    assert failed.locked_s("x" * 1_000, "h", 0.0) == 0.0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("hi"), st.integers(0, 100))))
def test_no_lock_out_is_longer_than_its_bound(attempts: list[tuple[str, str, int]]) -> None:
    failed, now = FailedLogins(), 0.0
    for user, host, seconds in attempts:
        now += seconds
        failed.begin(user, host, now)
        assert 0.0 <= failed.locked_s(user, host, now) <= LOCKED_S_MAX
