import pytest

from app.broker.broker_configs import describe_broker_configs
from app.broker.context import BrokerContext
from app.broker.errors import ClusterAuthorizationFailed, InvalidRequest
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded


async def test_configs_come_by_name_and_are_read_only(context: BrokerContext) -> None:
    found = describe_broker_configs(context, ANONYMOUS, "1")

    assert [one.name for one in found] == sorted(one.name for one in found)
    assert {one.name: one.value for one in found}["auto.create.topics.enable"] == "true"
    assert all(one.is_read_only and one.documentation for one in found)


async def test_another_node_s_are_refused_and_so_is_who_may_not(context: BrokerContext) -> None:
    with pytest.raises(InvalidRequest):
        describe_broker_configs(context, ANONYMOUS, "2")
    refusing = guarded(context, Guards(refused=frozenset({Operation.DESCRIBE_CONFIGS})))
    with pytest.raises(ClusterAuthorizationFailed):
        describe_broker_configs(refusing, ANONYMOUS, "1")
