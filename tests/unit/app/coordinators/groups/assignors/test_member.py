from app.coordinators.groups.assignors.member import (
    Member,
    by_topic,
    existing_topics,
    in_order,
)


def member(member_id: str, instance_id: str | None = None, topics: str = "t") -> Member:
    return Member(member_id=member_id, instance_id=instance_id, topics=frozenset(topics))


def test_static_members_come_first_and_by_the_id_that_stays() -> None:
    members = [member("a"), member("z", "i1"), member("b", "i2"), member("0")]

    assert [one.member_id for one in in_order(members)] == ["z", "b", "0", "a"]


def test_topics_are_those_that_somebody_reads_and_that_exist() -> None:
    members = [member("a", topics="yx"), member("b", topics="wx")]

    assert existing_topics(members, {"x": 1, "w": 2, "y": 0, "v": 3}) == ["w", "x"]


def test_partitions_are_named_by_topic_and_in_order() -> None:
    assert by_topic({("t", 10), ("t", 9), ("s", 0)}) == {"s": (0,), "t": (9, 10)}
