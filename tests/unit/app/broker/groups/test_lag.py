from pathlib import Path

import pytest

from app.broker.errors import GroupAuthorizationFailed, GroupIdNotFound
from app.broker.groups.lag import group_lags
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, append, guarded, running_broker
from tests.support.groups.calls import commit, stable_group


async def test_lag_is_what_is_not_read_yet_and_who_reads_it_is_told(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        await append(context, b"a", b"b", b"c")
        await commit(context, t_0=1, t_1=5)
        await stable_group(context)

        lags = group_lags(context, ANONYMOUS, "g")

        found = [(one.partition, one.current_offset, one.log_end_offset, one.lag) for one in lags]
        assert found == [(0, 1, 3, 2), (1, 5, 0, 0)]
        readers = [one.member.member_id if one.member else None for one in lags]
        assert readers == ["m", None]


async def test_a_group_that_is_not_there_or_may_not_be_seen_has_no_lag(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as context:
        with pytest.raises(GroupIdNotFound):
            group_lags(context, ANONYMOUS, "g")
        await commit(context, t_0=1)
        with pytest.raises(GroupAuthorizationFailed):
            group_lags(guarded(context, Guards(frozenset({Operation.DESCRIBE}))), ANONYMOUS, "g")
