from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from app.coordinators.groups.assignors.balancing import balance
from app.coordinators.groups.assignors.member import Partition

MEMBERS = ("x", "y", "z")
TOPICS = ("a", "b", "c")
reads_of = st.fixed_dictionaries({one: st.frozensets(st.sampled_from(TOPICS)) for one in MEMBERS})
few = st.fixed_dictionaries({one: st.integers(1, 2) for one in TOPICS})
owners = st.dictionaries(
    st.tuples(st.sampled_from(TOPICS), st.integers(0, 1)), st.sampled_from(MEMBERS)
)


def cost(found: dict[str, set[Partition]], homes: dict[Partition, str]) -> tuple[int, int]:
    squares = sum(len(held) ** 2 for held in found.values())
    return squares, sum(
        homes.get(one, member) != member for member in found for one in found[member]
    )


@given(reads_of, few, owners)
def test_no_assignment_is_more_balanced_nor_as_balanced_with_fewer_moves(
    reads: dict[str, frozenset[str]], counts: dict[str, int], claims: dict[Partition, str]
) -> None:
    homes = {
        one: owner
        for one, owner in claims.items()
        if one[1] < counts[one[0]] and one[0] in reads[owner]
    }
    partitions = [(topic, number) for topic in TOPICS for number in range(counts[topic])]
    choices = [[one for one in MEMBERS if topic in reads[one]] for topic, _ in partitions]
    read = [place for place, readers in enumerate(choices) if readers]
    every = [
        {
            member: {
                partitions[place] for place, owner in zip(read, way, strict=True) if owner == member
            }
            for member in MEMBERS
        }
        for way in product(*(choices[place] for place in read))
    ]

    found = balance(reads, counts, homes)

    assert cost(found, homes) == min(cost(one, homes) for one in every)


def test_a_chain_of_hand_overs_balances_what_no_single_one_can() -> None:
    reads = {"x": frozenset({"a"}), "y": frozenset({"a", "b"}), "z": frozenset({"b"})}
    homes = {("a", n): "x" for n in range(3)} | {("b", n): "y" for n in range(2)}

    found = balance(reads, {"a": 3, "b": 3}, homes | {("b", 2): "z"})

    assert [len(found[one]) for one in MEMBERS] == [2, 2, 2]


def test_a_search_cut_short_leaves_a_whole_assignment() -> None:
    reads = {"x": frozenset({"a"}), "y": frozenset({"a", "b"}), "z": frozenset({"b"})}
    homes = {("a", n): "x" for n in range(3)} | {("b", n): "y" for n in range(2)}

    found = balance(reads, {"a": 3, "b": 3}, homes | {("b", 2): "z"}, search_steps_max=1)

    assert sum(len(one) for one in found.values()) == 6


def test_two_hundred_members_of_three_tastes_share_two_thousand_partitions() -> None:
    tastes = (frozenset("ab"), frozenset("bc"), frozenset("ac"))
    reads = {f"m{number:03}": tastes[number % 3] for number in range(200)}
    counts = {"a": 700, "b": 700, "c": 600}
    found = balance(reads, counts, {})
    homes = {one: member for member, held in found.items() if member != "m000" for one in held}
    del reads["m000"]

    after = balance(reads, counts, homes)

    sizes = [len(one) for one in after.values()]
    assert sum(sizes) == 2_000
    assert max(sizes) - min(sizes) <= 1
    assert all(after[member] >= found[member] for member in reads)


def test_nobody_who_reads_nothing_is_given_anything() -> None:
    assert balance({"x": frozenset()}, {"a": 1}, {}) == {"x": set()}
    assert balance({}, {"a": 1}, {}) == {}
