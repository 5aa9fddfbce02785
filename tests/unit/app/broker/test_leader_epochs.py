import pytest

from app.broker.context import BrokerContext
from app.broker.errors import TopicAuthorizationFailed, UnknownLeaderEpoch
from app.broker.leader_epochs import end_offset_for_leader_epoch
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, append, guarded


async def test_the_leader_s_own_epoch_ends_at_the_log_s_end(context: BrokerContext) -> None:
    ask = (context, ANONYMOUS, "t", 0)
    assert end_offset_for_leader_epoch(*ask, 0, leader_epoch=-1) == (0, 0)
    await append(context, b"a", b"b")

    assert end_offset_for_leader_epoch(*ask, 0, leader_epoch=0) == (0, 2)
    assert end_offset_for_leader_epoch(*ask, 1, leader_epoch=0) == (-1, -1)
    assert end_offset_for_leader_epoch(*ask, -1, leader_epoch=0) == (-1, -1)


async def test_who_knows_another_leader_or_may_not_ask_is_refused(context: BrokerContext) -> None:
    with pytest.raises(UnknownLeaderEpoch):
        end_offset_for_leader_epoch(context, ANONYMOUS, "t", 0, 0, leader_epoch=1)
    refusing = guarded(context, Guards(refused=frozenset({Operation.DESCRIBE})))
    with pytest.raises(TopicAuthorizationFailed):
        end_offset_for_leader_epoch(refusing, ANONYMOUS, "t", 0, 0, leader_epoch=0)
