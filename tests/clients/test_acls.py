"""Access control lists by the admin clients of librdkafka and kafka-python."""

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from kafka import KafkaAdminClient

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


def test_librdkafka_creates_describes_and_deletes(node: NodeProcess) -> None:
    client = AdminClient({"bootstrap.servers": node.bootstrap})
    acls = [
        AclBinding(
            ResourceType.TOPIC,
            name,
            ResourcePatternType.PREFIXED,
            "User:alice",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for name, operation in (("a-", AclOperation.READ), ("b-", AclOperation.ALL))
    ]
    meant = AclBindingFilter(
        ResourceType.TOPIC,
        "a-1",
        ResourcePatternType.MATCH,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )

    for created in client.create_acls(acls).values():
        created.result(60)
    described = client.describe_acls(meant).result(60)
    (deleted,) = client.delete_acls([meant]).values()

    assert described == deleted.result(60) == [acls[0]]
    assert client.describe_acls(meant).result(60) == []


def test_kafka_python_sees_what_is_there(node: NodeProcess) -> None:
    from kafka.admin import ACL, ACLFilter, ResourcePattern, ResourcePatternFilter
    from kafka.admin import ACLOperation as Operation
    from kafka.admin import ACLPermissionType as Permission
    from kafka.admin import ACLResourcePatternType as Pattern
    from kafka.admin import ResourceType as Kind

    client = KafkaAdminClient(bootstrap_servers=node.bootstrap)
    pattern = ResourcePattern(Kind.GROUP, "g")
    acl = ACL("User:bob", "10.0.0.0/8", Operation.READ, Permission.DENY, pattern)
    meant = ACLFilter(
        None,
        None,
        Operation.ANY,
        Permission.ANY,
        ResourcePatternFilter(Kind.GROUP, "g", Pattern.ANY),
    )
    try:
        client.create_acls([acl])
        described = client.describe_acls(meant)
    finally:
        client.close()

    found = described[0] if isinstance(described, tuple) else described
    assert [(one.principal, one.host, one.operation) for one in found] == [
        ("User:bob", "10.0.0.0/8", Operation.READ)
    ]
