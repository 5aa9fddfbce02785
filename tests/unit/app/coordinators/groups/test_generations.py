from app.coordinators.groups.generations import Effects, Generations, MembershipLimits
from app.coordinators.groups.model import GroupState


def test_a_new_group_is_unused_until_somebody_is_on_the_way() -> None:
    group = Generations(MembershipLimits())
    before = group.is_unused

    group.members.pending.add("a")

    assert (before, group.is_unused) == (True, False)


def test_an_empty_group_is_written_without_members_protocol_or_leader() -> None:
    metadata = Generations(MembershipLimits()).metadata()

    assert (metadata.generation, metadata.protocol_type, metadata.members) == (0, "", ())
    assert (metadata.protocol_name, metadata.leader) == (None, None)


def test_limits_are_kafkas_defaults() -> None:
    limits = MembershipLimits()

    assert limits.initial_rebalance_delay_ms == 3_000
    assert limits.new_member_join_timeout_ms == 300_000


def test_effects_begin_empty_and_each_has_lists_of_its_own() -> None:
    first, second = Effects(), Effects()
    first.replies.append((1, None))  # type: ignore[arg-type]

    assert second.replies == []
    assert (second.timers, second.writes) == ([], [])
    assert Generations(MembershipLimits()).state is GroupState.EMPTY
