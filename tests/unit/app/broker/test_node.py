from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import ClusterAuthorizationFailed, InvalidRequest
from app.broker.node import UNKNOWN_BYTES, describe_broker_configs, describe_log_dirs
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from storage.errors import DiskError
from storage.log_dir import LogDir
from tests.support.broker import Guards, append, guarded


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


async def test_sizes_are_those_of_the_logs(context: BrokerContext) -> None:
    await append(context, b"a" * 1000)

    (found,) = describe_log_dirs(context, ANONYMOUS)

    assert found.offline is None
    assert list(found.sizes) == [("t", 0)]
    assert 1000 < found.sizes["t", 0] < 1200


async def test_a_directory_that_cannot_say_is_offline(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(log_dir: LogDir) -> tuple[int, int]:
        raise DiskError("it failed")

    monkeypatch.setattr(LogDir, "space", fail)

    (found,) = describe_log_dirs(context, ANONYMOUS)

    assert (found.offline, found.total_bytes) == ("it failed", UNKNOWN_BYTES)


async def test_a_directory_that_could_not_be_opened_is_told(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = {Path("/disk2"): "it is away"}
    monkeypatch.setattr(
        type(context.replicas), "offline_directories", property(lambda replicas: away)
    )

    found = describe_log_dirs(context, ANONYMOUS)

    assert [(one.path, one.offline) for one in found[1:]] == [(Path("/disk2"), "it is away")]


async def test_who_may_not_is_told_no_directories(context: BrokerContext) -> None:
    refusing = guarded(context, Guards(refused=frozenset({Operation.DESCRIBE})))

    with pytest.raises(ClusterAuthorizationFailed):
        describe_log_dirs(refusing, ANONYMOUS)
