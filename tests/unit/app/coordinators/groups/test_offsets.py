from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.groups.offsets import CommittedOffset, Expiry, GroupOffsets

DAY_MS = 24 * 3600 * 1000
WEEK_MS = 7 * DAY_MS


def committed(offset: int, *, at_ms: int = 0, log_offset: int = 0) -> CommittedOffset:
    return CommittedOffset(offset=offset, commit_timestamp_ms=at_ms, log_offset=log_offset)


def test_the_later_commit_in_the_log_wins() -> None:
    offsets = GroupOffsets()
    offsets.put(("t", 0), committed(5, log_offset=8))

    offsets.put(("t", 0), committed(9, log_offset=7))

    found = offsets.get(("t", 0))
    assert found is not None
    assert found.offset == 5


def test_a_commit_in_a_transaction_is_seen_when_the_transaction_is_committed() -> None:
    offsets = GroupOffsets()
    offsets.put(("t", 0), committed(1, log_offset=1))
    offsets.put_pending(7, ("t", 0), committed(5, log_offset=2))

    before = offsets.get(("t", 0))
    unstable = offsets.is_unstable(("t", 0))
    offsets.end_transaction(7, is_commit=True)

    assert before == committed(1, log_offset=1)
    assert unstable
    assert offsets.get(("t", 0)) == committed(5, log_offset=2)
    assert not offsets.is_unstable(("t", 0))


def test_a_commit_in_an_aborted_transaction_is_never_seen() -> None:
    offsets = GroupOffsets()
    offsets.put_pending(7, ("t", 0), committed(5))

    offsets.end_transaction(7, is_commit=False)

    assert offsets.get(("t", 0)) is None
    assert offsets.is_empty


def test_a_commit_after_the_transaction_s_is_not_undone_by_its_marker() -> None:
    offsets = GroupOffsets()
    offsets.put_pending(7, ("t", 0), committed(5, log_offset=2))
    offsets.put(("t", 0), committed(9, log_offset=3))

    offsets.end_transaction(7, is_commit=True)

    assert offsets.get(("t", 0)) == committed(9, log_offset=3)


def test_a_tombstone_takes_pending_commits_along() -> None:
    offsets = GroupOffsets()
    offsets.put(("t", 0), committed(1))
    offsets.put_pending(7, ("t", 0), committed(5))

    offsets.remove(("t", 0))
    offsets.end_transaction(7, is_commit=True)

    assert offsets.is_empty


def test_offsets_of_an_empty_group_expire_a_retention_time_after_it_became_empty() -> None:
    offsets = GroupOffsets()
    offsets.put(("t", 0), committed(1, at_ms=0))
    empty_since = Expiry(from_ms=30 * DAY_MS)

    assert offsets.expired(empty_since, 30 * DAY_MS + WEEK_MS - 1, WEEK_MS) == []
    assert offsets.expired(empty_since, 30 * DAY_MS + WEEK_MS, WEEK_MS) == [("t", 0)]


def test_offsets_of_a_living_group_stay_for_the_topics_that_it_reads() -> None:
    offsets = GroupOffsets()
    offsets.put(("read", 0), committed(1, at_ms=0))
    offsets.put(("dropped", 0), committed(1, at_ms=0))
    expiry = Expiry(from_ms=None, subscribed_topics={"read"})

    assert offsets.expired(expiry, 100 * WEEK_MS, WEEK_MS) == [("dropped", 0)]
    assert offsets.expired(Expiry(from_ms=None, stays=True), 100 * WEEK_MS, WEEK_MS) == []


def test_offsets_of_a_simple_group_expire_each_by_its_own_commit() -> None:
    offsets = GroupOffsets()
    offsets.put(("t", 0), committed(1, at_ms=0))
    offsets.put(("t", 1), committed(1, at_ms=DAY_MS))

    assert offsets.expired(Expiry(from_ms=None), WEEK_MS, WEEK_MS) == [("t", 0)]


def test_a_retention_that_the_client_chose_wins() -> None:
    offsets = GroupOffsets()
    chosen = CommittedOffset(offset=1, commit_timestamp_ms=0, expire_timestamp_ms=50)
    offsets.put(("t", 0), chosen)

    assert offsets.expired(Expiry(from_ms=None), 49, 0) == []
    assert offsets.expired(Expiry(from_ms=None), 50, WEEK_MS) == [("t", 0)]


def test_an_offset_with_an_open_transaction_does_not_expire() -> None:
    offsets = GroupOffsets()
    offsets.put(("t", 0), committed(1))
    offsets.put_pending(7, ("t", 0), committed(2))

    assert offsets.expired(Expiry(from_ms=None), 100 * WEEK_MS, WEEK_MS) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ptca"), st.integers(0, 2))))
def test_what_is_seen_is_the_last_of_what_was_committed(
    steps: list[tuple[int, str, int]],
) -> None:
    offsets = GroupOffsets()
    seen: dict[tuple[str, int], CommittedOffset] = {}
    open_commits: dict[int, dict[tuple[str, int], CommittedOffset]] = {}
    for log_offset, (number, step, producer_id) in enumerate(steps):
        partition, one = ("t", number), committed(log_offset, log_offset=log_offset)
        if step == "p":
            offsets.put(partition, one)
            seen[partition] = one
        elif step == "t":
            offsets.put_pending(producer_id, partition, one)
            open_commits.setdefault(producer_id, {})[partition] = one
        else:
            offsets.end_transaction(producer_id, is_commit=step == "c")
            for key, pending in open_commits.pop(producer_id, {}).items():
                if (
                    step == "c"
                    and pending.log_offset > seen.get(key, committed(-1, log_offset=-1)).log_offset
                ):
                    seen[key] = pending

    assert dict(offsets) == seen
