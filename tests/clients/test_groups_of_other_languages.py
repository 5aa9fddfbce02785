"""Consumer groups of KafkaJS, of Java, of franz-go where Go is, of kcat, and of all of them.

Members come, go and die, and the server is killed under them all at once. Every record is handed
out, nobody begins before what was committed when it got its partitions, and all is committed.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client_programs import HAS_GO, ClientPrograms
from tests.support.groups.members import MemberProcess, check_commits, wait_until
from tests.support.groups.other_members import KcatMember, member_of
from tests.support.groups.watched import Feed, Members, impatient_node
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

KINDS = ["java", "kafkajs", "kcat", *(["franz_go"] if HAS_GO else [])]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeProcess]:
    """A node with a topic ``t``, whose groups do not wait long."""
    with impatient_node(tmp_path / "data", monkeypatch) as node:
        yield node


class Groups:
    """Groups that read the same topic at the same time."""

    def __init__(self, node: NodeProcess, directory: Path, programs: ClientPrograms) -> None:
        self.feed = Feed(node)
        self._node = node
        self._directory = directory
        self._of_programs = member_of(programs)
        self.all: list[Members] = []

    def add(self, name: str) -> Members:
        directory = self._directory / name
        directory.mkdir()
        group = Members(self._node, directory, name, self.feed)
        self.all.append(group)
        return group

    def start(self, group: Members, kind: str, **options: str) -> MemberProcess:
        make = KcatMember if kind == "kcat" else self._of_programs
        return group.start(kind, make, **options)

    def wait_for_all(self) -> None:
        for group in self.all:
            group.wait_for_all()


@pytest.fixture
def groups(node: NodeProcess, tmp_path: Path) -> Iterator[Groups]:
    """No groups yet; the members that there are at the end are killed."""
    groups = Groups(node, tmp_path, ClientPrograms(tmp_path))
    yield groups
    for group in groups.all:
        for member in group.all:
            member.kill()


def wait_for_assignment(members: list[MemberProcess]) -> None:
    """Return when everybody has been assigned something, be it nothing."""
    wait_until(lambda: all(one.seen("assigned") for one in members), "everybody is in its group")


def test_groups_of_every_client_lose_nothing_when_members_and_the_server_die(
    groups: Groups, node: NodeProcess
) -> None:
    by_kind = {kind: groups.add(kind) for kind in KINDS}
    first = [groups.start(group, kind) for kind, group in by_kind.items()]
    second = [groups.start(group, kind) for kind, group in by_kind.items()]
    wait_for_assignment(first + second)
    groups.feed.produce()
    groups.wait_for_all()

    for member in second:
        member.kill()
    third = [groups.start(group, kind) for kind, group in by_kind.items()]
    wait_for_assignment(third)
    producing = threading.Thread(target=groups.feed.produce)
    producing.start()
    node.kill()
    node.start()
    producing.join()
    groups.wait_for_all()

    for member in first:
        member.stop()
    groups.feed.produce()
    groups.wait_for_all()
    for group in groups.all:
        group.wait_for_commits()
    for member in third:
        member.stop()
    for group in groups.all:
        check_commits(group.all)


def test_one_group_of_all_clients_shares_the_partitions_while_they_go_one_by_one(
    groups: Groups,
) -> None:
    group = groups.add("mixed")
    members = [groups.start(group, kind, strategy="range") for kind in KINDS]
    wait_until(
        lambda: all(has_some(one) for one in members), "everybody has some of the partitions"
    )
    groups.feed.produce()
    groups.wait_for_all()

    for member in members[:-1]:
        member.stop()
    groups.feed.produce()
    groups.wait_for_all()

    group.wait_for_commits()
    check_commits(group.all)


def has_some(member: MemberProcess) -> bool:
    """Return whether a member was assigned partitions when it was last assigned anything."""
    assigned = member.seen("assigned")
    return bool(assigned) and bool(assigned[-1]["partitions"])
