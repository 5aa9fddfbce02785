from app.api.v2.models import V2Partition, V2Topic


def test_shapes_have_the_names_of_the_dialect() -> None:
    partition = {
        "partition": 0,
        "leader": 1,
        "replicas": [{"broker": 1, "leader": True, "in_sync": True}],
    }
    topic = {"name": "t", "configs": {"a": "b"}, "partitions": [partition]}

    assert V2Topic.model_validate(topic).model_dump() == topic
    assert V2Partition.model_validate(partition).model_dump() == partition
