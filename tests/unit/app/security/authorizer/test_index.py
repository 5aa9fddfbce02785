"""The index of access control lists agrees with an oracle that reads them one by one."""

import os
import random
from collections.abc import Collection
from ipaddress import ip_address, ip_network

import pytest

from app.security.acls import (
    Acl,
    Operation,
    PatternType,
    Permission,
    Resource,
    ResourceType,
)
from app.security.authorizer.index import AclIndex

CASES = int(os.environ.get("CAUCE_ACL_CASES", "40000"))
"""Random sets of rules; ``make nightly`` asks for more."""

NAMES = ["*", "a", "ab", "abc", "b", "ba", "aa", "A"]
PRINCIPALS = ["User:a", "User:b", "User:*"]
HOSTS = ["10.0.0.1", "10.0.0.2", "::1"]
RULE_HOSTS = ["*", *HOSTS, "10.0.0.0/30", "10.0.0.2/31"]
KINDS = [ResourceType.TOPIC, ResourceType.GROUP]
ASKED = [one for one in Operation if one is not Operation.ALL]


def oracle(
    acls: Collection[Acl], principal: str, host: str, operation: Operation, resource: Resource
) -> bool:
    """Return what Kafka's documentation says, in the plainest way."""
    implied = {
        "DESCRIBE": {"READ", "WRITE", "DELETE", "ALTER"},
        "DESCRIBE_CONFIGS": {"ALTER_CONFIGS"},
    }.get(operation.value, set())
    verdicts = set()
    for kind, pattern, name, who, where, what, verdict in acls:
        if kind is not resource.kind or who not in {principal, "User:*"}:
            continue
        if pattern is PatternType.PREFIXED and not resource.name.startswith(name):
            continue
        if pattern is PatternType.LITERAL and name not in {resource.name, "*"}:
            continue
        if where != "*" and ip_address(host) not in ip_network(where):
            continue
        if what.value in {operation.value, "ALL"} or (
            verdict is Permission.ALLOW and what.value in implied
        ):
            verdicts.add(verdict)
    return verdicts == {Permission.ALLOW}


def _rules(chance: random.Random) -> list[Acl]:
    pick = chance.choice
    # few operations at a time, so that rules meet
    operations = [*chance.sample(ASKED, 3), Operation.DESCRIBE, Operation.ALL]
    return [
        Acl(
            pick(KINDS),
            pick(tuple(PatternType)),
            pick(NAMES),
            pick(PRINCIPALS),
            pick(RULE_HOSTS) if chance.random() < 0.4 else "*",
            pick(operations),
            Permission.DENY if chance.random() < 0.25 else Permission.ALLOW,
        )
        for _ in range(chance.randrange(13))
    ]


def test_random_sets_of_rules_agree_with_the_oracle() -> None:
    chance = random.Random(7)
    seen = {True: 0, False: 0}
    for number in range(CASES):
        acls = _rules(chance)
        index = AclIndex(acls)
        for _ in range(4):
            who, host = chance.choice(PRINCIPALS[:2]), chance.choice(HOSTS)
            operation = chance.choice(acls).operation if acls else Operation.READ
            if operation is Operation.ALL or chance.random() < 0.3:
                operation = chance.choice(ASKED)
            resource = Resource(chance.choice(KINDS), chance.choice(NAMES[1:]))

            acl = index.decide(who, host, operation, resource)

            allowed = acl is not None and acl.permission is Permission.ALLOW
            wanted = oracle(acls, who, host, operation, resource)
            assert allowed is wanted, (number, acls, who, host, operation, resource)
            assert acl is None or acl in acls
            seen[wanted] += 1
    assert min(seen.values()) > CASES / 4, "both answers are asked for often"


def test_random_sets_of_rules_agree_on_whether_there_is_anything_at_all() -> None:
    chance = random.Random(11)
    seen = {True: 0, False: 0}
    for number in range(CASES // 8):
        acls = _rules(chance)
        who, host = chance.choice(PRINCIPALS[:2]), chance.choice(HOSTS)
        operation, kind = chance.choice(ASKED), chance.choice(KINDS)
        if acls and acls[0].operation is not Operation.ALL:
            operation = acls[0].operation

        allowed = AclIndex(acls).allows_any(who, host, operation, kind)

        # a name that no rule names stands for all that follow a prefix
        names = {name + fresh for name in [*NAMES, ""] for fresh in ("", "~")} - {"*", ""}
        wanted = any(oracle(acls, who, host, operation, Resource(kind, name)) for name in names)
        assert allowed is wanted, (number, acls, who, host, operation, kind)
        seen[wanted] += 1
    assert min(seen.values()) > CASES / 80


def _acl(name: str, pattern: PatternType, permission: Permission = Permission.ALLOW) -> Acl:
    return Acl(ResourceType.TOPIC, pattern, name, "User:a", "*", Operation.READ, permission)


@pytest.mark.parametrize(
    "nearest",
    [_acl("orders", PatternType.LITERAL), _acl("ord", PatternType.PREFIXED)],
)
def test_the_deciding_rule_is_the_one_nearest_to_the_name(nearest: Acl) -> None:
    acls = [_acl("*", PatternType.LITERAL), _acl("o", PatternType.PREFIXED), nearest]

    acl = AclIndex(acls).decide(
        "User:a", "10.0.0.1", Operation.DESCRIBE, Resource(ResourceType.TOPIC, "orders")
    )

    assert acl == nearest


def test_a_denial_of_every_name_wins_over_an_allowance_of_one() -> None:
    denial = _acl("*", PatternType.LITERAL, Permission.DENY)
    index = AclIndex([_acl("orders", PatternType.LITERAL), denial])
    orders = Resource(ResourceType.TOPIC, "orders")

    assert index.decide("User:a", "::1", Operation.READ, orders) == denial
    described = index.decide("User:a", "::1", Operation.DESCRIBE, orders)
    assert described == _acl("orders", PatternType.LITERAL), "a denial implies nothing"
