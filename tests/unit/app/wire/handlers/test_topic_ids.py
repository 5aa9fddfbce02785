from hypothesis import given
from hypothesis import strategies as st

from app.broker.context import BrokerContext
from app.wire.handlers.topic_ids import id_bytes, id_text, topic_by_id
from tests.support.wire_calls import call_of


@given(st.binary(min_size=16, max_size=16))
def test_an_id_is_the_same_as_text_and_as_bytes(topic_id: bytes) -> None:
    text = id_text(topic_id)

    assert len(text) == 22
    assert id_bytes(text) == topic_id


async def test_a_topic_is_found_by_its_id(broker: BrokerContext) -> None:
    topic = broker.image.topics["t"]

    assert topic_by_id(call_of(broker, 10), id_bytes(topic.topic_id)) is topic
    assert topic_by_id(call_of(broker, 10), bytes(16)) is None
