from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.cluster.metadata_image import BrokerRegistration
from app.wire.call import Client
from app.wire.handlers.addresses import advertised_address, leadership
from tests.support.wire_calls import call_of


class Watched:
    """An image with other brokers."""

    def __init__(self, broker: BrokerContext, *hosts: str) -> None:
        brokers = {
            number: BrokerRegistration(node_id=number, host=host, http_port=1, kafka_port=9)
            for number, host in enumerate(hosts, start=1)
        }
        self.image = replace(broker.image, brokers=brokers, topics=broker.image.topics)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_a_node_on_every_address_is_told_by_the_one_that_the_client_reached(
    broker: BrokerContext, host: str
) -> None:
    watched = Watched(broker, host, host)
    seen = replace(broker, metadata=watched)  # type: ignore[arg-type] # only its image is asked for
    call = call_of(seen, 0, Client(host="10.0.0.9", local_host="10.0.0.1"))

    assert advertised_address(call, 1) == ("10.0.0.1", 9)
    assert advertised_address(call, 2) == (host, 9)


async def test_a_registered_address_is_told_as_it_is(broker: BrokerContext) -> None:
    host, _ = advertised_address(call_of(broker, 0), broker.node_id)

    assert host == "127.0.0.1"


async def test_leadership_is_none_for_what_is_gone(broker: BrokerContext) -> None:
    call = call_of(broker, 0)

    found = leadership(call, "t", 1)
    assert found is not None
    assert (found.leader, found.leader_epoch) == (broker.node_id, 0)
    assert [leadership(call, *place) for place in (("t", 2), ("t", -1), ("no", 0))] == [None] * 3
