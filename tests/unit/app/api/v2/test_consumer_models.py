import pytest
from pydantic import ValidationError

from app.api.v2.consumer_models import V2CommitRequest, V2CreateConsumerRequest, V2Offset


def test_settings_have_the_names_of_the_dialects() -> None:
    sent = {
        "name": "i",
        "id": "i",
        "format": "json",
        "auto.offset.reset": "earliest",
        "auto.commit.enable": "false",
        "enable.auto.commit": False,
        "fetch.min.bytes": "1",
        "consumer.request.timeout.ms": 5,
        "isolation.level": "read_committed",
        "decode.policy": "skip",
    }

    read = V2CreateConsumerRequest.model_validate(sent)

    assert read.model_dump(by_alias=True) == sent


@pytest.mark.parametrize(
    "offset", [{"offset": -1}, {"offset": 2**63}, {"partition": -1}, {"more": 1}]
)
def test_offset_is_bounded_and_closed(offset: dict[str, int]) -> None:
    whole = {"topic": "t", "partition": 0, "offset": 0} | offset

    with pytest.raises(ValidationError):
        V2Offset.model_validate(whole)


def test_commit_may_be_of_nothing_in_particular() -> None:
    assert V2CommitRequest().offsets is None
    assert V2CommitRequest.model_validate({"partitions": []}).partitions == []
