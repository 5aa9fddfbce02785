"""Tests of whose limit counts: the order of KIP-55, and who shares a limit."""

import pytest

from app.security.quota_windows.limits import DEFAULT, UNSET, Limit, Limits, Quota, QuotaType

ORDER = [
    (("alice", "app"), ("alice", "app")),
    (("alice", DEFAULT), ("alice", "app")),
    (("alice", UNSET), ("alice", UNSET)),
    ((DEFAULT, "app"), ("alice", "app")),
    ((DEFAULT, DEFAULT), ("alice", "app")),
    ((DEFAULT, UNSET), ("alice", UNSET)),
    ((UNSET, "app"), (UNSET, "app")),
    ((UNSET, DEFAULT), (UNSET, "app")),
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_find_takes_the_most_specific_that_is_set(first: int) -> None:
    limits = Limits(
        Quota(user, client_id, QuotaType.PRODUCE, float(place))
        for place, ((user, client_id), _) in enumerate(ORDER)
        if place >= first
    )

    found = limits.find(QuotaType.PRODUCE, "alice", "app")

    assert found == Limit(float(first), ORDER[first][1])


def test_find_takes_each_key_by_itself() -> None:
    limits = Limits(
        [
            Quota("alice", "app", QuotaType.PRODUCE, 1.0),
            Quota(UNSET, DEFAULT, QuotaType.FETCH, 2.0),
        ]
    )

    assert limits.find(QuotaType.FETCH, "alice", "app") == Limit(2.0, (UNSET, "app"))
    assert limits.find(QuotaType.REQUEST, "alice", "app") is None
    assert limits.has(QuotaType.FETCH)
    assert not limits.has(QuotaType.REQUEST)


def test_find_returns_none_where_only_others_are_limited() -> None:
    limits = Limits([Quota("bob", UNSET, QuotaType.PRODUCE, 1.0)])

    assert limits.find(QuotaType.PRODUCE, "alice", "app") is None


def test_client_without_an_id_has_the_default_of_clients() -> None:
    limits = Limits([Quota(UNSET, DEFAULT, QuotaType.PRODUCE, 7.0)])

    assert limits.find(QuotaType.PRODUCE, "alice", "") == Limit(7.0, (UNSET, ""))


@pytest.mark.parametrize("user", ["alice", DEFAULT])
def test_client_without_an_id_does_not_pass_by_the_default_of_the_user_s_clients(
    user: str,
) -> None:
    limits = Limits(
        [
            Quota(user, UNSET, QuotaType.PRODUCE, 10.0),
            Quota(user, DEFAULT, QuotaType.PRODUCE, 1.0),
        ]
    )

    assert limits.find(QuotaType.PRODUCE, "alice", "") == Limit(1.0, ("alice", ""))
    assert limits.find(QuotaType.PRODUCE, "alice", "app") == Limit(1.0, ("alice", "app"))


def test_client_without_an_id_has_the_limit_of_its_user() -> None:
    limits = Limits([Quota("alice", UNSET, QuotaType.PRODUCE, 10.0)])

    assert limits.find(QuotaType.PRODUCE, "alice", "") == Limit(10.0, ("alice", UNSET))


def test_of_address_prefers_the_address_to_the_default() -> None:
    key = QuotaType.CONNECTION
    limits = Limits([Quota(DEFAULT, UNSET, key, 5.0), Quota("10.0.0.1", UNSET, key, 9.0)])

    assert limits.of_address("10.0.0.1") == 9.0
    assert limits.of_address("10.0.0.2") == 5.0
    assert Limits().of_address("10.0.0.2") is None
