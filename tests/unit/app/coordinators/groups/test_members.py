import pytest

from app.coordinators.groups.commands import Protocol
from app.coordinators.groups.members import Member, Members


def member(member_id: str, *protocols: str, instance_id: str | None = None) -> Member:
    return Member(
        member_id=member_id,
        instance_id=instance_id,
        client_id="c",
        client_host="h",
        rebalance_timeout_ms=len(member_id) * 1_000,
        session_timeout_ms=500,
        protocols=tuple(Protocol(name, name.encode()) for name in protocols or ("range",)),
    )


def test_the_first_member_leads_and_the_next_one_after_it_left() -> None:
    members = Members()
    members.add(member("a"))
    members.add(member("b"))
    first = members.leader

    members.remove("a")

    assert (first, members.leader) == ("a", "b")
    members.remove("b")
    assert members.leader is None


def test_a_pending_member_keeps_the_others_waiting_and_is_no_member() -> None:
    members = Members()
    one = member("a")
    members.add(one)
    members.begin_join(one, 1)
    members.pending.add("b")

    assert not members.all_have_joined
    assert "b" not in members

    members.remove("b")
    assert members.all_have_joined


def test_a_member_that_leaves_in_a_join_is_not_counted_any_more() -> None:
    members = Members()
    one = member("a")
    members.add(one)
    members.begin_join(one, 1)

    members.remove("a")

    assert members.awaiting_join == 0
    assert members.all_have_joined


def test_one_who_has_joined_is_elected_before_one_who_has_not() -> None:
    members = Members()
    members.add(member("a"))
    second = member("b")
    members.add(second)
    members.begin_join(second, 1)

    elected = members.elect_joined_leader()

    assert (elected, members.leader) == (True, "b")
    members.end_join(second)
    assert not members.elect_joined_leader()


@pytest.mark.parametrize(
    ("preferences", "chosen"),
    [
        ([("range", "sticky"), ("sticky", "range"), ("sticky", "range")], "sticky"),
        ([("range", "sticky"), ("sticky", "range")], "range"),
        ([("a", "range"), ("b", "range")], "range"),
    ],
)
def test_the_protocol_most_prefer_wins_of_those_that_all_support(
    preferences: list[tuple[str, ...]], chosen: str
) -> None:
    members = Members()
    for number, names in enumerate(preferences):
        members.add(member(f"m{number}", *names))

    assert members.choose_protocol() == chosen


def test_what_all_support_follows_members_that_come_change_and_go() -> None:
    members = Members()
    members.add(member("a", "range", "sticky"))
    second = member("b", "sticky")
    members.add(second)
    before = members.support_any_of((Protocol("range", b""),))

    members.change_protocols(second, (Protocol("range", b""),))
    between = members.support_any_of((Protocol("range", b""),))
    members.remove("b")

    assert (before, between) == (False, True)
    assert members.support_any_of((Protocol("sticky", b""),))


def test_a_static_member_under_another_id_keeps_lead_and_place() -> None:
    members = Members()
    members.add(member("a", instance_id="i"))
    members.add(member("b"))
    members.awaiting_sync.add("a")

    members.replace_static("i", "c")

    assert [one.member_id for one in members] == ["c", "b"]
    assert (members.leader, members.static_member_id("i")) == ("c", "c")
    assert members.awaiting_sync == {"c"}


def test_the_slowest_member_says_how_long_a_rebalance_may_take() -> None:
    members = Members()
    assert members.rebalance_timeout_ms == 0
    members.add(member("a"))
    members.add(member("abc"))

    assert members.rebalance_timeout_ms == 3_000


def test_what_is_told_and_kept_of_members_is_that_of_the_chosen_protocol() -> None:
    members = Members()
    members.add(member("a", "range", "sticky"))

    assert members.joined("sticky")[0].metadata == b"sticky"
    assert members.metadata("range")[0].subscription == b"range"
    assert members.metadata(None)[0].subscription == b""
