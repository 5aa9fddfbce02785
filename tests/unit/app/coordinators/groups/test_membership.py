from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.coordinators.groups.commands import (
    CancelTimer,
    Heartbeat,
    Join,
    JoinPhase,
    JoinReply,
    Leaving,
    MemberSession,
    Protocol,
    SetTimer,
    Sync,
    SyncPhase,
    SyncReply,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.generations import Effects, MembershipLimits
from app.coordinators.groups.membership import ClassicGroup
from app.coordinators.groups.model import GroupState
from tests.support.groups.world import STEPS, Step, World

LIMITS = MembershipLimits(initial_rebalance_delay_ms=3_000)
NOW_MS = 1_000
RANGE = (Protocol("range", b"sub"),)


def join(ticket: int, member_id: str = "", **more: object) -> Join:
    fields: dict[str, object] = {
        "new_member_id": f"new-{ticket}",
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 60_000,
        "protocol_type": "consumer",
        "protocols": RANGE,
        "requires_member_id": False,
    }
    return Join(ticket=ticket, member_id=member_id, **(fields | more))  # type: ignore[arg-type]


def sync(ticket: int, member_id: str, generation: int, **assignments: bytes) -> Sync:
    given_out = {name.replace("_", "-"): one for name, one in assignments.items()}
    return Sync(ticket=ticket, member_id=member_id, generation=generation, assignments=given_out)


def reply_to(effects: Effects, ticket: int) -> JoinReply | SyncReply:
    return dict(effects.replies)[ticket]


def stable_group(members: int = 1) -> ClassicGroup:
    """Return a group in generation 1 with members new-1, new-2, ..."""
    group = ClassicGroup(LIMITS)
    for number in range(1, members + 1):
        group.join(join(number), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    stored = []
    for number in range(1, members + 1):
        assigned = {f"new_{one}": bytes([one]) for one in range(1, members + 1)}
        stored += group.sync(sync(100 + number, f"new-{number}", 1, **assigned), NOW_MS).writes
    for _, then in stored:
        group.stored(then, ErrorCode.NONE, NOW_MS)
    assert group.state is GroupState.STABLE
    return group


def test_the_first_member_waits_for_others_for_the_initial_delay() -> None:
    group = ClassicGroup(LIMITS)

    effects = group.join(join(1), NOW_MS)
    waiting = list(effects.replies)
    effects = group.expire(JoinPhase(), NOW_MS)

    assert waiting == []
    answer = reply_to(effects, 1)
    assert isinstance(answer, JoinReply)
    assert (answer.generation, answer.leader, answer.protocol_name) == (1, "new-1", "range")
    assert [one.member_id for one in answer.members] == ["new-1"]
    assert group.state is GroupState.COMPLETING_REBALANCE


def test_the_initial_delay_is_extended_while_members_come_but_not_beyond_the_time_out() -> None:
    group = ClassicGroup(MembershipLimits(initial_rebalance_delay_ms=3_000))
    group.join(join(1, rebalance_timeout_ms=7_000), NOW_MS)
    delays = []
    for ticket in range(2, 5):
        group.join(join(ticket, rebalance_timeout_ms=7_000), NOW_MS)
        effects = group.expire(JoinPhase(), NOW_MS)
        delays += [
            one.delay_ms
            for one in effects.timers
            if isinstance(one, SetTimer) and one.key == JoinPhase()
        ]

    assert delays == [3_000, 1_000]
    assert group.generation == 1


def test_a_new_dynamic_member_is_told_its_id_first() -> None:
    group = ClassicGroup(LIMITS)

    effects = group.join(join(1, requires_member_id=True), NOW_MS)
    answer = reply_to(effects, 1)
    again = group.join(join(2, "new-1"), NOW_MS)

    assert answer == JoinReply(error=ErrorCode.MEMBER_ID_REQUIRED, member_id="new-1")
    assert SetTimer(key=MemberSession(member_id="new-1"), delay_ms=10_000) in effects.timers
    assert again.replies == []
    assert "new-1" in group.members


def test_a_pending_member_that_does_not_come_back_is_forgotten() -> None:
    group = stable_group()
    group.join(join(2, requires_member_id=True), NOW_MS)

    group.expire(MemberSession(member_id="new-2"), NOW_MS)

    assert group.members.pending == set()
    assert group.state is GroupState.STABLE


def test_a_rebalance_waits_for_pending_members() -> None:
    group = stable_group()
    group.join(join(2, requires_member_id=True), NOW_MS)

    effects = group.join(join(3, "new-1"), NOW_MS)
    then = group.expire(MemberSession(member_id="new-2"), NOW_MS)

    assert effects.replies == []
    assert reply_to(then, 3).error is ErrorCode.NONE
    assert group.generation == 2


def test_assignments_are_given_out_when_they_are_durable() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1), NOW_MS)
    group.join(join(2), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)

    follower = group.sync(sync(12, "new-2", 1), NOW_MS)
    leader = group.sync(sync(11, "new-1", 1, new_1=b"one", new_2=b"two"), NOW_MS)
    before = list(leader.replies)
    [(metadata, then)] = leader.writes
    effects = group.stored(then, ErrorCode.NONE, NOW_MS)

    assert (follower.replies, before) == ([], [])
    assert [one.assignment for one in metadata.members] == [b"one", b"two"]
    assert reply_to(effects, 11) == SyncReply(
        protocol_type="consumer", protocol_name="range", assignment=b"one"
    )
    answer = reply_to(effects, 12)
    assert isinstance(answer, SyncReply)
    assert answer.assignment == b"two"
    assert group.state is GroupState.STABLE


def test_an_assignment_that_cannot_be_written_makes_everybody_join_again() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    [(_, then)] = group.sync(sync(11, "new-1", 1, new_1=b"one"), NOW_MS).writes

    effects = group.stored(then, ErrorCode.NOT_COORDINATOR, NOW_MS)

    assert reply_to(effects, 11).error is ErrorCode.NOT_COORDINATOR
    assert group.state is GroupState.PREPARING_REBALANCE
    assert group.metadata().members[0].assignment == b""


def test_an_assignment_written_for_an_older_generation_is_not_given_out() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    [(_, then)] = group.sync(sync(11, "new-1", 1, new_1=b"one"), NOW_MS).writes
    group.join(join(2), NOW_MS)

    effects = group.stored(then, ErrorCode.NONE, NOW_MS)

    assert effects.replies == []
    assert group.state is GroupState.PREPARING_REBALANCE


def test_members_that_do_not_join_in_time_are_left_behind() -> None:
    group = stable_group(2)
    group.join(join(3, "new-1"), NOW_MS)

    effects = group.expire(JoinPhase(), NOW_MS)

    assert [one.member_id for one in group.members] == ["new-1"]
    assert reply_to(effects, 3).error is ErrorCode.NONE
    assert CancelTimer(key=MemberSession(member_id="new-2")) in effects.timers


def test_members_that_do_not_sync_in_time_are_left_behind() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1), NOW_MS)
    group.join(join(2), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    group.sync(sync(12, "new-2", 1), NOW_MS)

    effects = group.expire(SyncPhase(), NOW_MS)

    assert reply_to(effects, 12).error is ErrorCode.REBALANCE_IN_PROGRESS
    assert [one.member_id for one in group.members] == ["new-2"]


def test_a_leader_that_joins_again_begins_a_rebalance_and_a_follower_does_not() -> None:
    group = stable_group(2)

    follower = group.join(join(21, "new-2"), NOW_MS)
    state = group.state
    group.join(join(22, "new-1"), NOW_MS)

    answer = reply_to(follower, 21)
    assert isinstance(answer, JoinReply)
    assert (answer.generation, answer.members, state) == (1, (), GroupState.STABLE)
    assert group.state is GroupState.PREPARING_REBALANCE


def test_a_follower_with_new_metadata_begins_a_rebalance() -> None:
    group = stable_group(2)

    effects = group.join(join(21, "new-2", protocols=(Protocol("range", b"other"),)), NOW_MS)

    assert effects.replies == []
    assert group.state is GroupState.PREPARING_REBALANCE


def test_heartbeats_tell_of_a_rebalance_and_refuse_zombies() -> None:
    group = stable_group(2)
    stable, _ = group.heartbeat(Heartbeat(member_id="new-1", generation=1))
    old, _ = group.heartbeat(Heartbeat(member_id="new-1", generation=0))
    unknown, _ = group.heartbeat(Heartbeat(member_id="x", generation=1))
    group.leave([Leaving(member_id="new-2")], NOW_MS)

    preparing, effects = group.heartbeat(Heartbeat(member_id="new-1", generation=1))

    assert stable is ErrorCode.NONE
    assert old is ErrorCode.ILLEGAL_GENERATION
    assert unknown is ErrorCode.UNKNOWN_MEMBER_ID
    assert preparing is ErrorCode.REBALANCE_IN_PROGRESS
    assert SetTimer(key=MemberSession(member_id="new-1"), delay_ms=10_000) in effects.timers


def test_a_group_that_the_last_member_leaves_is_empty_in_the_next_generation() -> None:
    group = stable_group()

    outcomes, effects = group.leave([Leaving(member_id="new-1")], NOW_MS + 5)

    assert outcomes == (ErrorCode.NONE,)
    assert (group.state, group.generation) == (GroupState.EMPTY, 2)
    [(metadata, _)] = effects.writes
    assert (metadata.members, metadata.leader, metadata.state_timestamp_ms) == ((), None, 1_005)


def test_a_member_whose_session_ends_is_removed() -> None:
    group = stable_group(2)

    group.expire(MemberSession(member_id="new-2"), NOW_MS)

    assert [one.member_id for one in group.members] == ["new-1"]
    assert group.state is GroupState.PREPARING_REBALANCE


def test_a_member_that_waits_in_a_join_is_heard_of() -> None:
    group = stable_group(2)
    group.join(join(3, "new-1"), NOW_MS)

    group.expire(MemberSession(member_id="new-1"), NOW_MS)

    assert "new-1" in group.members


def test_a_static_member_that_comes_back_keeps_its_assignment_without_a_rebalance() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1, instance_id="i"), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    [(_, then)] = group.sync(sync(11, "new-1", 1, new_1=b"one"), NOW_MS).writes
    group.stored(then, ErrorCode.NONE, NOW_MS)

    effects = group.join(join(2, instance_id="i"), NOW_MS)
    [(metadata, stored)] = effects.writes
    answer = reply_to(group.stored(stored, ErrorCode.NONE, NOW_MS), 2)
    assigned = reply_to(group.sync(sync(12, "new-2", 1), NOW_MS), 12)
    old, _ = group.heartbeat(Heartbeat(member_id="new-1", instance_id="i", generation=1))

    assert metadata.members[0].member_id == "new-2"
    assert isinstance(answer, JoinReply)
    assert (answer.generation, answer.member_id, answer.skip_assignment) == (1, "new-2", True)
    assert isinstance(assigned, SyncReply)
    assert assigned.assignment == b"one"
    assert old is ErrorCode.FENCED_INSTANCE_ID


def test_a_static_member_whose_return_cannot_be_written_stays_who_it_was() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1, instance_id="i"), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)
    [(_, then)] = group.sync(sync(11, "new-1", 1, new_1=b"one"), NOW_MS).writes
    group.stored(then, ErrorCode.NONE, NOW_MS)
    [(_, stored)] = group.join(join(2, instance_id="i"), NOW_MS).writes

    effects = group.stored(stored, ErrorCode.NOT_COORDINATOR, NOW_MS)

    assert reply_to(effects, 2).error is ErrorCode.NOT_COORDINATOR
    assert [one.member_id for one in group.members] == ["new-1"]


def test_a_second_static_member_of_one_name_fences_the_first_in_its_join() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1, instance_id="i"), NOW_MS)

    effects = group.join(join(2, instance_id="i"), NOW_MS)

    assert reply_to(effects, 1).error is ErrorCode.FENCED_INSTANCE_ID
    assert [one.member_id for one in group.members] == ["new-2"]


def test_an_administrator_removes_a_static_member_by_its_name() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1, instance_id="i"), NOW_MS)

    outcomes, _ = group.leave(
        [Leaving(member_id="", instance_id="i"), Leaving(member_id="", instance_id="j")], NOW_MS
    )

    assert outcomes == (ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID)


def test_a_full_group_takes_nobody_in() -> None:
    group = ClassicGroup(MembershipLimits(size_max=1, initial_rebalance_delay_ms=0))
    group.join(join(1), NOW_MS)

    effects = group.join(join(2), NOW_MS)

    assert reply_to(effects, 2).error is ErrorCode.GROUP_MAX_SIZE_REACHED


def test_only_so_many_members_are_on_their_way_in() -> None:
    group = ClassicGroup(MembershipLimits(size_max=2))
    for ticket in (1, 2):
        group.join(join(ticket, requires_member_id=True), NOW_MS)

    third = group.join(join(3, requires_member_id=True), NOW_MS)
    back = group.join(join(4, "new-1"), NOW_MS)

    assert reply_to(third, 3).error is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert back.replies == []


def test_a_member_must_share_a_protocol_with_all_others() -> None:
    group = stable_group()
    other = join(2, protocols=(Protocol("sticky", b""),))
    connect = join(3, protocol_type="connect")

    assert reply_to(group.join(other, NOW_MS), 2).error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert reply_to(group.join(connect, NOW_MS), 3).error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_a_sync_names_the_protocol_that_was_chosen() -> None:
    group = stable_group()
    wrong = Sync(ticket=5, member_id="new-1", generation=1, protocol_name="sticky", assignments={})

    assert reply_to(group.sync(wrong, NOW_MS), 5).error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_who_may_commit() -> None:
    group = stable_group()

    assert group.check_commit("new-1", None, 1) is ErrorCode.NONE
    assert group.check_commit("new-1", None, 0) is ErrorCode.ILLEGAL_GENERATION
    assert group.check_commit("x", None, 1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert group.check_commit("", None, -1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert group.check_commit("", None, -1, is_transactional=True) is ErrorCode.NONE
    assert ClassicGroup(LIMITS).check_commit("", None, -1) is ErrorCode.NONE


def test_nobody_commits_between_join_and_assignment() -> None:
    group = ClassicGroup(LIMITS)
    group.join(join(1), NOW_MS)
    group.expire(JoinPhase(), NOW_MS)

    assert group.check_commit("new-1", None, 1) is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_group_is_loaded_as_it_was_written() -> None:
    metadata = stable_group(2).metadata()

    group, effects = ClassicGroup.loaded(LIMITS, metadata)

    assert group.metadata() == metadata
    assert group.state is GroupState.STABLE
    assert len(effects.timers) == 2


def test_a_group_that_ends_answers_all_who_wait() -> None:
    group = stable_group(2)
    group.join(join(7, "new-1"), NOW_MS)

    effects = group.kill()

    assert reply_to(effects, 7).error is ErrorCode.NOT_COORDINATOR
    late = group.join(join(8), NOW_MS)
    assert reply_to(late, 8).error is ErrorCode.COORDINATOR_NOT_AVAILABLE


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.integers(1, 8), st.integers(0, 4), st.sampled_from([0, 3_000]))
def test_no_history_gives_a_partition_two_owners_or_loses_a_commit(
    steps: list[Step], consumers: int, statics: int, delay_ms: int
) -> None:
    world = World(consumers, statics=statics, delay_ms=delay_ms)

    world.run(steps)

    alive = world.settle()
    owned = sorted(partition for one in alive for partition in one.owned)
    assert owned == list(range(6))
    for one in alive:
        world.commit(one)
    world.flush()
    world.crash(0)
    assert len(world.offsets) == 6
