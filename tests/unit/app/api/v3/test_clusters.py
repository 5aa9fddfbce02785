"""The cluster and its brokers, field by field as Confluent names them."""

from tests.support.application import CLUSTER, RunningApplication


async def test_cluster_has_every_field_and_relation(running: RunningApplication) -> None:
    base = f"http://cauce.test/v3/clusters/{running.cluster_id}"

    answer = await running.client.get(CLUSTER)

    assert answer.json() == {
        "kind": "KafkaCluster",
        "metadata": {"self": base, "resource_name": f"crn:///kafka={running.cluster_id}"},
        "cluster_id": running.cluster_id,
        "controller": {"related": f"{base}/brokers/1"},
        "acls": {"related": f"{base}/acls"},
        "brokers": {"related": f"{base}/brokers"},
        "broker_configs": {"related": f"{base}/broker-configs"},
        "consumer_groups": {"related": f"{base}/consumer-groups"},
        "topics": {"related": f"{base}/topics"},
        "partition_reassignments": {"related": f"{base}/topics/-/partitions/-/reassignment"},
    }


async def test_list_holds_the_one_cluster(running: RunningApplication) -> None:
    one = (await running.client.get(CLUSTER)).json()

    answer = await running.client.get("/v3/clusters")

    assert answer.json() == {
        "kind": "KafkaClusterList",
        "metadata": {"self": "http://cauce.test/v3/clusters", "next": None},
        "data": [one],
    }


async def test_broker_has_every_field(running: RunningApplication) -> None:
    here = f"http://cauce.test/v3/clusters/{running.cluster_id}/brokers/1"

    one = (await running.client.get(f"{CLUSTER}/brokers/1")).json()
    listed = (await running.client.get(f"{CLUSTER}/brokers")).json()

    registered = running.context.image.brokers[1]
    assert one == {
        "kind": "KafkaBroker",
        "metadata": {
            "self": here,
            "resource_name": f"crn:///kafka={running.cluster_id}/broker=1",
        },
        "cluster_id": running.cluster_id,
        "broker_id": 1,
        "host": registered.host,
        "port": registered.kafka_port,
        "rack": None,
        "configs": {"related": f"{here}/configs"},
        "partition_replicas": {"related": f"{here}/partition-replicas"},
    }
    assert (listed["kind"], listed["data"]) == ("KafkaBrokerList", [one])


async def test_replicas_of_a_broker_are_those_of_all_topics(running: RunningApplication) -> None:
    await running.create_topic("b", 2)
    await running.create_topic("a")

    answer = (await running.client.get(f"{CLUSTER}/brokers/1/partition-replicas")).json()

    assert answer["kind"] == "KafkaReplicaList"
    places = [(one["topic_name"], one["partition_id"], one["broker_id"]) for one in answer["data"]]
    assert places == [("a", 0, 1), ("b", 0, 1), ("b", 1, 1)]


async def test_unknown_broker_is_not_found(running: RunningApplication) -> None:
    for path in ("brokers/2", "brokers/2/partition-replicas"):
        answer = await running.client.get(f"{CLUSTER}/{path}")

        assert (answer.status_code, answer.json()["error_code"]) == (404, 404)
