from pathlib import Path

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import ClusterAuthorizationFailed
from app.broker.log_dirs import UNKNOWN_BYTES, describe_log_dirs
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from storage.errors import DiskError
from storage.log_dir import LogDir
from tests.support.broker import Guards, append, guarded


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


async def test_who_may_not_is_refused(context: BrokerContext) -> None:
    refusing = guarded(context, Guards(refused=frozenset({Operation.DESCRIBE})))

    with pytest.raises(ClusterAuthorizationFailed):
        describe_log_dirs(refusing, ANONYMOUS)
