"""Bodies of REST v3: what comes in is strict and closed, numbers are bounded, names Confluent's."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from app.api.v3 import models
from app.api.v3.models import AlterConfigsRequest, CreateTopicRequest, UpdateTopicRequest

MODELS = [
    one
    for one in vars(models).values()
    if isinstance(one, type) and issubclass(one, BaseModel) and one is not BaseModel
]
RESOURCES = [one for one in MODELS if "kind" in one.model_fields]


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (CreateTopicRequest, {"topic_name": "t", "extra": 1}),
        (CreateTopicRequest, {"topic_name": 5}),
        (CreateTopicRequest, {"topic_name": "t" * 1001}),
        (CreateTopicRequest, {"topic_name": "t", "partitions_count": True}),
        (CreateTopicRequest, {"topic_name": "t", "partitions_count": 1.0}),
        (CreateTopicRequest, {"topic_name": "t", "replication_factor": -(2**31) - 1}),
        (CreateTopicRequest, {"topic_name": "t", "validate_only": "true"}),
        (CreateTopicRequest, {"topic_name": "t", "configs": [{"name": "c", "values": "1"}]}),
        (CreateTopicRequest, {"topic_name": "t", "configs": [{"name": "c"}] * 1001}),
        (UpdateTopicRequest, {"partitions_count": 2**31}),
        (UpdateTopicRequest, {}),
        (AlterConfigsRequest, {"data": [{"name": "c", "operation": "set"}]}),
        (AlterConfigsRequest, {"data": [{"name": "c" * 256}]}),
        (AlterConfigsRequest, {"data": [{"name": "c", "value": "v" * 4097}]}),
    ],
)
def test_body_that_is_not_exactly_so_is_refused(model: type[BaseModel], body: Any) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_smallest_bodies_are_taken() -> None:
    assert CreateTopicRequest.model_validate({"topic_name": "t"}).configs == []
    assert UpdateTopicRequest.model_validate({"partitions_count": 1}).partitions_count == 1
    assert AlterConfigsRequest.model_validate({"data": []}).validate_only is False


@pytest.mark.parametrize("model", RESOURCES, ids=lambda one: one.__name__)
def test_resource_says_what_kind_it_is_and_where(model: type[BaseModel]) -> None:
    kind = model.model_fields["kind"].default

    assert kind.startswith(("Kafka", "Cauce"))
    assert kind.endswith("List") == ("data" in model.model_fields)
    assert "metadata" in model.model_fields


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_every_integer_says_how_wide_it_is(model: type[BaseModel]) -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            assert schema.get("type") != "integer" or schema["format"] in ("int32", "int64")
            for value in schema.values():
                check(value)
        elif isinstance(schema, list):
            for value in schema:
                check(value)

    check(model.model_json_schema())
