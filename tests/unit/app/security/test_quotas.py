"""How much they may use: nobody is throttled, or those whom a limit names."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cluster.security_records import QuotaKey, SecurityRecords
from app.security.image import image_of
from app.security.principal import Principal
from app.security.quota_windows.engine import Windows
from app.security.quota_windows.limits import DEFAULT, UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas, Quotas, Unlimited, quotas_of
from app.telemetry.clock import SystemClock

ALICE = Principal("alice", client_id="app")


def limited(*quotas: Quota) -> ClientQuotas:
    found = ClientQuotas(SystemClock(), Windows(samples=2))
    found.load(quotas)
    return found


@pytest.mark.parametrize("use", ["produced", "fetched", "mutated", "requested"])
@pytest.mark.parametrize("make", [Unlimited, limited])
@given(name=st.text(), amounts=st.lists(st.integers(0, 2**63), max_size=5))
def test_nobody_is_throttled_however_much_was_used(
    make: type[Unlimited], use: str, name: str, amounts: list[int]
) -> None:
    quotas: Quotas = make()

    throttles = [getattr(quotas, use)(Principal(name), amount) for amount in amounts]

    assert throttles == [0] * len(amounts)
    assert not quotas.measures_time
    assert quotas.fetch_room(Principal(name), 7) == 7
    assert {quotas.owed(kind, Principal(name)) for kind in QuotaType} == {0}
    assert quotas.connect(name)


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        ("produced", QuotaType.PRODUCE),
        ("fetched", QuotaType.FETCH),
        ("mutated", QuotaType.MUTATION),
    ],
)
def test_who_uses_too_much_owes_and_others_do_not(use: str, kind: QuotaType) -> None:
    quotas = limited(Quota("alice", "app", kind, 10))

    owed = getattr(quotas, use)(ALICE, 120)

    assert owed >= 9_900
    assert 0 < quotas.owed(kind, ALICE) <= owed
    assert getattr(quotas, use)(Principal("alice", client_id="other"), 1_000) == 0
    assert (quotas.fetch_room(ALICE, 5) is None) is (kind is QuotaType.FETCH)


def test_request_time_counts_in_percent_of_a_second() -> None:
    quotas = limited(Quota("alice", UNSET, QuotaType.REQUEST, 50))

    assert quotas.measures_time
    assert quotas.requested(ALICE, 0.5) == 0
    assert quotas.requested(ALICE, 0.25) >= 450


def test_fetch_room_is_a_window_s_worth() -> None:
    quotas = limited(Quota(UNSET, DEFAULT, QuotaType.FETCH, 1000))

    assert quotas.fetch_room(ALICE, 5000) == 1000
    assert quotas.fetch_room(ALICE, 10) == 10


def test_there_is_no_room_to_fetch_while_time_is_owed() -> None:
    quotas = limited(Quota("alice", UNSET, QuotaType.REQUEST, 10))
    assert quotas.fetch_room(ALICE, 10) == 10

    quotas.requested(ALICE, 0.2)

    assert quotas.owed(QuotaType.FETCH, ALICE) == 0
    assert quotas.fetch_room(ALICE, 10) is None


def test_connect_refuses_an_address_that_connects_too_often() -> None:
    quotas = limited(Quota("10.0.0.1", UNSET, QuotaType.CONNECTION, 1))

    assert [quotas.connect("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert quotas.connect("10.0.0.2")


def test_image_brings_the_limits_and_one_without_them_takes_them_away() -> None:
    def image(**values: float) -> SecurityRecords:
        return SecurityRecords(
            version=1,
            users=(),
            scram=(),
            api_keys=(),
            delegation_tokens=(),
            revoked={},
            acls=frozenset(),
            quotas={QuotaKey("alice", "", "", name): value for name, value in values.items()},
        )

    before, after = image_of(image(producer_byte_rate=10)), image_of(image())
    quotas = limited()

    quotas.apply_image(None, before)
    assert quotas.produced(ALICE, 1_000) > 0
    quotas.apply_image(before, before)
    assert quotas.owed(QuotaType.PRODUCE, ALICE) > 0
    quotas.apply_image(before, after)
    assert quotas.owed(QuotaType.PRODUCE, ALICE) == 0


def test_quotas_of_puts_addresses_where_users_stand_and_leaves_out_what_it_does_not_know() -> None:
    stored = MappingProxyType(
        {
            QuotaKey("", "", "10.0.0.1", "connection_creation_rate"): 5.0,
            QuotaKey("u", "c", "", "request_percentage"): 6.0,
            QuotaKey("u", "c", "", "of_a_later_version"): 7.0,
        }
    )

    assert quotas_of(stored) == [
        Quota("10.0.0.1", UNSET, QuotaType.CONNECTION, 5.0),
        Quota("u", "c", QuotaType.REQUEST, 6.0),
    ]
