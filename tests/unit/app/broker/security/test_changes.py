"""Changes and the audit log: none without a trace, and none where there can be no trace."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.delete_records import delete_records
from app.broker.errors import AuditUnavailable, DuplicateResource, GroupIdNotFound
from app.broker.groups.admin import delete_group
from app.broker.security.acls import create_acls, delete_acls
from app.broker.security.api_keys import create_api_key, delete_api_key
from app.broker.security.changes import audited_change
from app.broker.security.quotas import Alteration, Entity, alter_quotas
from app.broker.security.scram_credentials import ScramUpsertion, alter_scram_credentials
from app.broker.security.users import alter_user, create_user, delete_user
from app.broker.topic_configs import ConfigChange, alter_topic_configs
from app.broker.topics import NewTopic, add_partitions, create_topic, delete_topic
from app.security.acls import (
    CLUSTER,
    Acl,
    Ground,
    Operation,
    PatternType,
    Permission,
    ResourceType,
    topic,
)
from app.security.audit.event import Category, Result
from app.security.authorizer.filters import AclFilter
from app.security.principal import ANONYMOUS
from tests.support.broker import append
from tests.support.security.audited import FakeAudit

SECRET = "canary-password"
ACL = Acl(
    *(ResourceType.TOPIC, PatternType.LITERAL, "t", "User:a", "*"),
    *(Operation.READ, Permission.ALLOW),
)


def audited(context: BrokerContext, audit: FakeAudit) -> BrokerContext:
    return replace(context, audit=audit)


async def test_change_has_the_rule_that_allows_it_and_the_name_of_its_error(
    context: BrokerContext,
) -> None:
    audit = FakeAudit()
    with pytest.raises(DuplicateResource):
        async with audited_change(
            *(audited(context, audit), "CreateUser", ANONYMOUS, Operation.ALTER, CLUSTER),
            items=["user bob"],
        ):
            raise DuplicateResource("x")

    (begun,) = audit.kept
    assert begun.decision is not None
    assert (begun.decision.ground, begun.items) == (Ground.OPEN, ("user bob",))
    (ended,) = audit.noted
    assert (ended.message, ended.result) == ("DUPLICATE_RESOURCE", Result.FAILURE)


async def test_change_that_cannot_be_written_down_is_not_begun(context: BrokerContext) -> None:
    audit = FakeAudit(is_failing=True)

    with pytest.raises(AuditUnavailable, match="nothing was changed"):
        async with audited_change(
            audited(context, audit), "CreateUser", ANONYMOUS, Operation.ALTER, CLUSTER
        ):
            pytest.fail("it began")


async def _prepared(context: BrokerContext) -> str:
    """Make what the changes below are about; return the id of a key."""
    await create_user(context, ANONYMOUS, "bob", None)
    made = await create_api_key(context, ANONYMOUS, "bob")
    await create_acls(context, ANONYMOUS, [ACL])
    await append(context, b"a")
    return made.record.key_id


async def test_every_verb_that_changes_is_written_down_and_none_of_its_secrets(
    context: BrokerContext,
) -> None:
    key_id = await _prepared(context)
    audit = FakeAudit()
    broker = audited(context, audit)
    scram = ScramUpsertion(
        user="eve", mechanism="SCRAM-SHA-256", iterations=4096, salt=b"s" * 8,
        salted_password=b"canary-passwordcanary-password12"[:32],
    )  # fmt: skip
    changes: dict[str, Callable[[], Awaitable[object]]] = {
        "CreateTopics": lambda: create_topic(broker, ANONYMOUS, NewTopic(name="n")),
        "CreatePartitions": lambda: add_partitions(broker, ANONYMOUS, "t", 3),
        "IncrementalAlterConfigs": lambda: alter_topic_configs(
            broker, ANONYMOUS, "t", [ConfigChange(name="retention.ms", value="77")]
        ),
        "DeleteRecords": lambda: delete_records(broker, ANONYMOUS, "t", 0, 1),
        "CreateUser": lambda: create_user(broker, ANONYMOUS, "ann", SECRET),
        "AlterUser": lambda: alter_user(broker, ANONYMOUS, "ann", SECRET),
        "AlterUserScramCredentials": lambda: alter_scram_credentials(
            broker, ANONYMOUS, [], [scram]
        ),
        "CreateApiKey": lambda: create_api_key(broker, ANONYMOUS, "bob", description=SECRET),
        "DeleteApiKey": lambda: delete_api_key(broker, ANONYMOUS, key_id),
        "DeleteUser": lambda: delete_user(broker, ANONYMOUS, "ann"),
        "DeleteAcls": lambda: delete_acls(broker, ANONYMOUS, [AclFilter()]),
        "CreateAcls": lambda: create_acls(broker, ANONYMOUS, [ACL]),
        "AlterClientQuotas": lambda: alter_quotas(
            *(broker, ANONYMOUS),
            [Alteration(entity=Entity(user="bob"), values={"producer_byte_rate": 7.0})],
        ),
        "DeleteTopics": lambda: delete_topic(broker, ANONYMOUS, "n"),
    }

    for method, change in changes.items():
        audit.kept.clear()
        await change()
        assert [event.method for event in audit.kept] == [method, method], method
        assert "canary" not in repr(audit.kept)


async def test_no_verb_changes_anything_while_the_log_cannot_be_written(
    context: BrokerContext,
) -> None:
    await _prepared(context)
    broker = audited(context, FakeAudit(is_failing=True))
    before = (context.image, context.security.image)

    for refused in (
        create_topic(broker, ANONYMOUS, NewTopic(name="n")),
        delete_topic(broker, ANONYMOUS, "t"),
        delete_records(broker, ANONYMOUS, "t", 0, 1),
        create_user(broker, ANONYMOUS, "ann", SECRET),
        delete_user(broker, ANONYMOUS, "bob"),
        create_api_key(broker, ANONYMOUS, "bob"),
        delete_acls(broker, ANONYMOUS, [AclFilter()]),
    ):
        with pytest.raises(AuditUnavailable):
            await refused

    await context.metadata.refresh()
    await context.security.refresh()
    assert (context.image, context.security.image) == before


async def test_group_that_is_to_be_deleted_is_written_down(context: BrokerContext) -> None:
    audit = FakeAudit()

    with pytest.raises(GroupIdNotFound):
        await delete_group(audited(context, audit), ANONYMOUS, "none")

    assert [event.method for event in audit.kept + audit.noted] == ["DeleteGroups"] * 2


async def test_refusal_is_not_a_change_but_denied(context: BrokerContext) -> None:
    audit = FakeAudit()
    broker = audited(context, audit)

    broker.note_denied(ANONYMOUS, Operation.WRITE, topic("t"))

    assert [event.category for event in audit.noted] == [Category.DENIED]
