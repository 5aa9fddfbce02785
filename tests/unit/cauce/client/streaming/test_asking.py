import pytest

from cauce.client.errors import NotOpen, Refused
from cauce.client.streaming.asking import Asking, refusal, told_places, told_start
from cauce.client.streaming.frames import ErrorFrame, Ok, Sought, Start
from cauce.client.streaming.records import TopicPartition


async def test_answers_find_their_requests_by_number() -> None:
    asking = Asking()
    first, second = asking.begin("seek", positions=[]), asking.begin("pause", partitions=[])

    asking.settle(Ok(id=second.number))
    asking.settle(Ok(id=second.number))
    asking.settle(Ok(id=None))
    assert asking.unanswered() == [first]
    asking.settle(Sought(epoch=4, id=first.number))

    assert isinstance(await second.answer, Ok)
    assert await first.answer == Sought(epoch=4, id=first.number)
    assert first.frame == {"type": "seek", "id": first.number, "sub": "s", "positions": []}


async def test_a_refusal_is_raised_with_its_status() -> None:
    asking = Asking()
    one = asking.begin("commit", offsets=[])

    asking.settle(ErrorFrame(id=one.number, error_code=40901, message="gone"))

    with pytest.raises(Refused, match="gone") as caught:
        await one.answer
    assert (caught.value.status, caught.value.error_code) == (409, 40901)
    assert refusal(ErrorFrame(error_code=400, message="x")).status == 400


async def test_the_end_answers_all_and_what_was_given_up_is_forgotten() -> None:
    asking = Asking()
    kept, dropped = asking.begin("pause"), asking.begin("pause")
    asking.end(dropped)

    asking.fail(NotOpen())

    assert asking.unanswered() == []
    with pytest.raises(NotOpen):
        await kept.answer
    assert not dropped.answer.done()


def test_places_are_told_as_the_protocol_spells_them() -> None:
    assert told_places([TopicPartition("t", 1)]) == [{"topic": "t", "partition": 1}]
    assert told_start(Start("t", start="latest")) == {"topic": "t", "from": "latest"}
    assert told_start(Start("t", partition=0, offset=0)) == {
        "topic": "t",
        "partition": 0,
        "offset": 0,
    }
