"""Filters of access control lists: which of them are meant (KIP-290's table)."""

import pytest

from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.filters import AclFilter, PatternFilter


def _acl(pattern: str, name: str) -> Acl:
    return Acl(
        ResourceType.TOPIC,
        PatternType(pattern),
        name,
        "User:a",
        "*",
        Operation.READ,
        Permission.ALLOW,
    )


ACLS = [
    _acl("LITERAL", "foo"),
    _acl("LITERAL", "foobar"),
    _acl("LITERAL", "*"),
    _acl("PREFIXED", "foo"),
    _acl("PREFIXED", "f"),
    _acl("PREFIXED", "bar"),
]


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("ANY", None, [0, 1, 2, 3, 4, 5]),
        ("ANY", "foo", [0, 3]),
        ("MATCH", None, [0, 1, 2, 3, 4, 5]),
        ("MATCH", "foo", [0, 2, 3, 4]),
        ("MATCH", "other", [2]),
        ("LITERAL", None, [0, 1, 2]),
        ("LITERAL", "foo", [0]),
        ("LITERAL", "*", [2]),
        ("PREFIXED", None, [3, 4, 5]),
        ("PREFIXED", "foo", [3]),
    ],
)
def test_a_name_is_read_as_the_pattern_says(
    pattern: str, name: str | None, meant: list[int]
) -> None:
    wanted = AclFilter(pattern_type=PatternFilter(pattern), resource_name=name)

    assert [at for at, acl in enumerate(ACLS) if wanted.means(acl)] == meant


def test_every_other_part_is_compared_as_it_is_written() -> None:
    acl = _acl("LITERAL", "foo")

    assert AclFilter().means(acl)
    for different in (
        AclFilter(resource_type=ResourceType.GROUP),
        AclFilter(principal="User:b"),
        AclFilter(principal="User:*"),
        AclFilter(host="10.0.0.1"),
        AclFilter(operation=Operation.ALL),
        AclFilter(operation=Operation.DESCRIBE),
        AclFilter(permission=Permission.DENY),
        AclFilter(among=frozenset({ResourceType.SUBJECT})),
    ):
        assert not different.means(acl), different
