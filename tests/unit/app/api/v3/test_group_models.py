import pytest
from pydantic import ValidationError

from app.api.v3.group_models import AlterOffsetsRequest


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"target": "nowhere"},
        {"target": "exact", "value": "1"},
        {"target": "exact", "value": 2**63},
        {"target": "latest", "more": 1},
        {"target": "latest", "partitions": [{"topic_name": "t", "partition_id": -1}]},
        {"target": "latest", "partitions": [{"topic_name": "t"}]},
    ],
)
def test_body_that_is_not_as_declared_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AlterOffsetsRequest.model_validate(body)


def test_what_may_be_left_out_means_all_and_for_good() -> None:
    wanted = AlterOffsetsRequest.model_validate({"target": "latest"})

    assert (wanted.value, wanted.partitions, wanted.validate_only) == (None, None, False)
