"""The authorizer: super users, scopes, rules, and what it remembers."""

from dataclasses import replace

import pytest

from app.security.acls import (
    CLUSTER,
    Acl,
    Authorizer,
    Ground,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    topic,
)
from app.security.authorizer import authorizer as module
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.principal import ANONYMOUS, Principal

ALICE = Principal("alice", host="10.0.0.1")
ORDERS = topic("orders")
READS = Acl(
    ResourceType.TOPIC,
    PatternType.LITERAL,
    "orders",
    "User:alice",
    "10.0.0.0/24",
    Operation.READ,
    Permission.ALLOW,
)


def _loaded(*acls: Acl) -> AclAuthorizer:
    authorizer = AclAuthorizer(["User:admin"])
    authorizer.load(acls)
    return authorizer


def test_everything_is_denied_until_rules_have_come() -> None:
    authorizer: Authorizer = AclAuthorizer(["User:admin"])

    decision = authorizer.explain(Principal("admin"), Operation.READ, ORDERS)

    assert (decision.is_allowed, decision.ground) == (False, Ground.NOT_LOADED)
    assert not authorizer.authorize(Principal("admin"), Operation.READ, ORDERS)
    assert not authorizer.authorize_any(Principal("admin"), Operation.READ, ResourceType.TOPIC)


def test_a_decision_from_before_the_rules_came_is_forgotten() -> None:
    authorizer = AclAuthorizer()
    assert not authorizer.authorize(ALICE, Operation.READ, ORDERS)

    authorizer.load([READS])

    assert authorizer.authorize(ALICE, Operation.READ, ORDERS)


@pytest.mark.parametrize("operation", [one for one in Operation if one is not Operation.ALL])
def test_nobody_may_anything_without_a_rule(operation: Operation) -> None:
    authorizer = _loaded()

    for principal in (ANONYMOUS, ALICE, Principal("admin", kind="Group")):
        assert not authorizer.authorize(principal, operation, CLUSTER)
        assert authorizer.explain(principal, operation, CLUSTER).ground is Ground.NO_ACL


def test_a_super_user_may_everything_and_no_denial_stops_it() -> None:
    authorizer = _loaded(READS._replace(principal="User:*", permission=Permission.DENY, host="*"))

    decision = authorizer.explain(Principal("admin"), Operation.READ, ORDERS)

    assert (decision.is_allowed, decision.ground) == (True, Ground.SUPER_USER)
    assert authorizer.authorize_any(Principal("admin"), Operation.WRITE, ResourceType.GROUP)


def test_scopes_narrow_a_super_user_too() -> None:
    key = Principal("admin", scopes=frozenset({"read"}))
    authorizer = _loaded()

    assert authorizer.authorize(key, Operation.READ, ORDERS)
    assert not authorizer.authorize(key, Operation.WRITE, ORDERS)
    assert not authorizer.authorize_any(key, Operation.WRITE, ResourceType.TOPIC)
    assert authorizer.explain(key, Operation.WRITE, ORDERS).ground is Ground.SCOPE


def test_what_is_remembered_of_one_host_or_scope_does_not_hold_for_another() -> None:
    authorizer = _loaded(READS)

    assert authorizer.authorize(ALICE, Operation.READ, ORDERS)
    assert not authorizer.authorize(replace(ALICE, host="10.9.0.1"), Operation.READ, ORDERS)
    narrowed = replace(ALICE, scopes=frozenset({"write"}))
    assert not authorizer.authorize(narrowed, Operation.READ, ORDERS)


def test_a_removed_rule_holds_no_longer_and_its_siblings_do() -> None:
    sibling = READS._replace(operation=Operation.WRITE)
    authorizer = _loaded(READS, sibling)
    assert authorizer.authorize(ALICE, Operation.READ, ORDERS)

    authorizer.load([sibling])

    assert not authorizer.authorize(ALICE, Operation.READ, ORDERS)
    assert authorizer.authorize(ALICE, Operation.WRITE, ORDERS)
    assert authorizer.authorize_any(ALICE, Operation.WRITE, ResourceType.TOPIC)


def test_the_same_rules_again_leave_what_is_remembered() -> None:
    authorizer = _loaded(READS)
    authorizer.authorize(ALICE, Operation.READ, ORDERS)
    remembered = authorizer.remembered

    authorizer.load([READS])

    assert authorizer.remembered == remembered == 1


def test_no_more_is_remembered_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 10)
    authorizer = _loaded(READS)

    for number in range(100):
        assert not authorizer.authorize(ALICE, Operation.READ, topic(f"t{number}"))
        assert authorizer.remembered <= 10
    assert authorizer.authorize(ALICE, Operation.READ, ORDERS)


def test_a_name_that_no_rule_may_have_is_decided_and_not_remembered() -> None:
    authorizer = _loaded(
        READS, READS._replace(resource_name="long", pattern_type=PatternType.PREFIXED)
    )
    long = topic("long" + "x" * 252)

    assert authorizer.authorize(ALICE, Operation.READ, long)
    assert not authorizer.authorize(ALICE, Operation.WRITE, long)
    assert authorizer.remembered == 0
