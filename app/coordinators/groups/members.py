"""The members of one classic group: who leads, who waits, which protocols all support.

Invariants:
    ``leader`` is a member, or None when there is none.
    An instance id belongs to one member at a time.
    A pending member (told its id, not yet back) is not a member.
Called by: membership. Calls: nothing (no I/O, no clock).
Source: Kafka's ``ClassicGroup`` and ``ClassicGroupMember``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.coordinators.groups.commands import JoinedMember, Protocol
from app.coordinators.groups.model import MemberMetadata


@dataclass(slots=True, kw_only=True)
class Member:
    """One member and the requests of it that wait."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    protocols: tuple[Protocol, ...]
    assignment: bytes = b""
    join_ticket: int | None = None
    sync_ticket: int | None = None
    is_new: bool = False
    """It does not know its id yet, so it cannot send heartbeats."""

    @property
    def has_satisfied_heartbeat(self) -> bool:
        """Whether it is heard of by a request that waits."""
        if self.is_new:
            return False
        return self.join_ticket is not None or self.sync_ticket is not None

    def metadata_for(self, protocol_name: str) -> bytes:
        """Return its metadata for a protocol; empty if it does not support it."""
        return next((one.metadata for one in self.protocols if one.name == protocol_name), b"")


class Members:
    """Everybody in a group, by member id, in the order in which they came."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._static: dict[str, str] = {}
        self._supported: Counter[str] = Counter()
        self._joined = 0
        self.pending: set[str] = set()
        self.awaiting_sync: set[str] = set()
        """Members of this generation whose SyncGroup has not come yet."""

        self.leader: str | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(tuple(self._members.values()))

    def __contains__(self, member_id: str) -> bool:
        return member_id in self._members

    def get(self, member_id: str) -> Member | None:
        """Return a member, or None."""
        return self._members.get(member_id)

    def static_member_id(self, instance_id: str) -> str | None:
        """Return who holds an instance id, or None."""
        return self._static.get(instance_id)

    @property
    def awaiting_join(self) -> int:
        """How many members have joined the generation to come."""
        return self._joined

    @property
    def all_have_joined(self) -> bool:
        """Whether nobody is left to wait for."""
        return not self.pending and self._joined == len(self._members)

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest that a member may need to join."""
        return max((one.rebalance_timeout_ms for one in self._members.values()), default=0)

    def add(self, member: Member) -> None:
        """Take a member in; the first one leads."""
        assert member.member_id not in self._members, "a member is added once"
        assert member.join_ticket is None, "it joins after it was added"
        self._supported.update(one.name for one in member.protocols)
        self._members[member.member_id] = member
        self.pending.discard(member.member_id)
        if member.instance_id is not None:
            assert member.instance_id not in self._static, "an instance id belongs to one member"
            self._static[member.instance_id] = member.member_id
        if self.leader is None:
            self.leader = member.member_id

    def remove(self, member_id: str) -> None:
        """Take a member or pending member out; harmless if it is neither."""
        member = self._members.pop(member_id, None)
        self.pending.discard(member_id)
        self.awaiting_sync.discard(member_id)
        if member is not None:
            self.end_join(member)
            self._supported.subtract(one.name for one in member.protocols)
            if member.instance_id is not None:
                self._static.pop(member.instance_id, None)
        if self.leader == member_id:
            self.leader = next(iter(self._members), None)

    def begin_join(self, member: Member, ticket: int) -> None:
        """Have a member wait in a join."""
        assert member.join_ticket is None, "one join at a time"
        member.join_ticket = ticket
        self._joined += 1

    def end_join(self, member: Member) -> int | None:
        """Have a member wait no more; return the ticket of its join, or None."""
        ticket, member.join_ticket = member.join_ticket, None
        self._joined -= ticket is not None
        return ticket

    def change_protocols(self, member: Member, protocols: tuple[Protocol, ...]) -> None:
        """Take other protocols of a member than before."""
        self._supported.subtract(one.name for one in member.protocols)
        self._supported.update(one.name for one in protocols)
        member.protocols = protocols

    def replace_static(self, instance_id: str, new_member_id: str) -> Member:
        """Give the member of an instance id another id; it keeps its place in the order."""
        old_member_id = self._static[instance_id]
        member = self._members[old_member_id]
        member.member_id = new_member_id
        self._members = {one.member_id: one for one in self._members.values()}
        self._static[instance_id] = new_member_id
        if old_member_id in self.awaiting_sync:
            self.awaiting_sync.remove(old_member_id)
            self.awaiting_sync.add(new_member_id)
        if self.leader == old_member_id:
            self.leader = new_member_id
        return member

    def elect_joined_leader(self) -> bool:
        """Have somebody lead who has joined; return whether there is such a member."""
        leader = self._members.get(self.leader) if self.leader is not None else None
        if leader is not None and leader.join_ticket is not None:
            return True
        for member in self._members.values():
            if member.join_ticket is not None:
                self.leader = member.member_id
                return True
        return False

    def support_any_of(self, protocols: Iterable[Protocol]) -> bool:
        """Return whether every member supports at least one same protocol of these."""
        common = self._common_protocols()
        return any(one.name in common for one in protocols)

    def choose_protocol(self) -> str:
        """Return the protocol that most members prefer of those that all support.

        Among equals the one wins that the longest-standing member likes best.
        """
        common = self._common_protocols()
        votes = Counter(
            next(one.name for one in member.protocols if one.name in common)
            for member in self._members.values()
        )
        most = max(votes.values())
        first = next(iter(self._members.values()))
        ranked = [one.name for one in first.protocols if votes.get(one.name) == most]
        return ranked[0] if ranked else next(name for name in votes if votes[name] == most)

    def joined(self, protocol_name: str) -> tuple[JoinedMember, ...]:
        """Return what the leader is told of everybody."""
        return tuple(
            JoinedMember(
                member_id=one.member_id,
                instance_id=one.instance_id,
                metadata=one.metadata_for(protocol_name),
            )
            for one in self._members.values()
        )

    def metadata(self, protocol_name: str | None) -> tuple[MemberMetadata, ...]:
        """Return what is kept of everybody, with the assignments they have now."""
        return tuple(
            MemberMetadata(
                member_id=one.member_id,
                instance_id=one.instance_id,
                client_id=one.client_id,
                client_host=one.client_host,
                rebalance_timeout_ms=one.rebalance_timeout_ms,
                session_timeout_ms=one.session_timeout_ms,
                subscription=one.metadata_for(protocol_name or ""),
                assignment=one.assignment,
            )
            for one in self._members.values()
        )

    def _common_protocols(self) -> set[str]:
        everybody = len(self._members)
        return {name for name, count in self._supported.items() if count == everybody}
