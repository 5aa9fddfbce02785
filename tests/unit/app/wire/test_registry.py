import pytest

from app.wire.call import Call
from app.wire.messages.groups import HeartbeatRequest, HeartbeatResponse
from app.wire.messages.produce import ProduceRequest
from app.wire.registry import Registry, serve


def heartbeat(call: Call, request: HeartbeatRequest) -> HeartbeatResponse:
    return HeartbeatResponse()


def produce(call: Call, request: ProduceRequest) -> None:
    return None


REGISTRY = Registry(
    [
        serve(HeartbeatRequest, heartbeat, droppable=True),
        serve(ProduceRequest, produce, advertised_min=0, pipelined=True),
    ]
)


def test_advertised_are_all_apis_by_key_and_a_first_version_that_is_not_served() -> None:
    found = [(one.api_key, one.min_version, one.max_version) for one in REGISTRY.advertised]

    assert found == [(0, 0, 11), (12, 0, 4)]


def test_only_declared_versions_are_found() -> None:
    assert REGISTRY.find(0, 2) is None
    assert REGISTRY.find(0, 12) is None
    assert REGISTRY.find(1, 4) is None
    found = REGISTRY.find(0, 3)
    assert found is not None
    assert found.handler is produce
    assert (found.pipelined, found.droppable) == (True, False)


def test_an_api_cannot_be_served_twice() -> None:
    with pytest.raises(AssertionError, match="Heartbeat is served twice"):
        Registry([serve(HeartbeatRequest, heartbeat)] * 2)
