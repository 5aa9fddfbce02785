"""REST v3: the cluster and its brokers."""

from fastapi import APIRouter

from app.api.dependencies import Asking, BrokerId, Cluster, Context, Linking, Links
from app.api.errors import ApiError
from app.api.v3.models import (
    BrokerData,
    BrokerDataList,
    ClusterData,
    ClusterDataList,
    ListMetadata,
    Metadata,
    Relation,
    ReplicaDataList,
)
from app.api.v3.partitions import replica_data
from app.api.v3.responses import errors
from app.broker.topics import list_topics
from app.cluster.metadata_image import BrokerRegistration
from app.security.acls import Operation

router = APIRouter(responses=errors())


@router.get("/v3/clusters", operation_id="listKafkaClusters", tags=["Cluster"])
async def list_clusters(context: Context, asking: Asking, links: Linking) -> ClusterDataList:
    """List the clusters that can be asked here: this one."""
    context.require_cluster(asking, Operation.DESCRIBE)
    own = links.url()
    metadata = ListMetadata(self=own.rsplit("/", 1)[0], next=None)
    data = [_cluster_data(links, context.image.cluster_id, context.image.controller_id)]
    return ClusterDataList(metadata=metadata, data=data)


@router.get("/v3/clusters/{cluster_id}", operation_id="getKafkaCluster", tags=["Cluster"])
async def get_cluster(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> ClusterData:
    """Describe the cluster."""
    context.require_cluster(asking, Operation.DESCRIBE)
    return _cluster_data(links, cluster, context.image.controller_id)


@router.get("/v3/clusters/{cluster_id}/brokers", operation_id="listKafkaBrokers", tags=["Broker"])
async def list_brokers(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> BrokerDataList:
    """List the cluster's brokers."""
    context.require_cluster(asking, Operation.DESCRIBE)
    brokers = context.image.brokers
    return BrokerDataList(
        metadata=ListMetadata(self=links.url("brokers"), next=None),
        data=[_broker_data(links, cluster, brokers[node]) for node in sorted(brokers)],
    )


@router.get(
    "/v3/clusters/{cluster_id}/brokers/{broker_id}",
    operation_id="getKafkaBroker",
    tags=["Broker"],
)
async def get_broker(
    context: Context, asking: Asking, cluster: Cluster, broker_id: BrokerId, links: Linking
) -> BrokerData:
    """Describe a broker."""
    context.require_cluster(asking, Operation.DESCRIBE)
    return _broker_data(links, cluster, _broker(context, broker_id))


@router.get(
    "/v3/clusters/{cluster_id}/brokers/{broker_id}/partition-replicas",
    operation_id="searchReplicasByBroker",
    tags=["Replica"],
)
async def list_broker_replicas(
    context: Context, asking: Asking, cluster: Cluster, broker_id: BrokerId, links: Linking
) -> ReplicaDataList:
    """List the replicas that a broker holds, those of topics that the principal may see."""
    context.require_cluster(asking, Operation.DESCRIBE)
    _broker(context, broker_id)
    data = [
        replica_data(links, cluster, partition, broker_id)
        for topic in list_topics(context, asking)
        for partition in topic.partitions
        if broker_id in partition.replicas
    ]
    here = links.url("brokers", broker_id, "partition-replicas")
    return ReplicaDataList(metadata=ListMetadata(self=here, next=None), data=data)


def _broker(context: Context, broker_id: int) -> BrokerRegistration:
    broker = context.image.brokers.get(broker_id)
    if broker is None:
        raise ApiError(404, 404, "HTTP 404 Not Found: no such broker")
    return broker


def _cluster_data(links: Links, cluster: str, controller: int | None) -> ClusterData:
    leading = None
    if controller is not None:
        leading = Relation(related=links.url("brokers", controller))
    return ClusterData(
        metadata=Metadata(self=links.url(), resource_name=links.name()),
        cluster_id=cluster,
        controller=leading,
        acls=Relation(related=links.url("acls")),
        brokers=Relation(related=links.url("brokers")),
        broker_configs=Relation(related=links.url("broker-configs")),
        consumer_groups=Relation(related=links.url("consumer-groups")),
        topics=Relation(related=links.url("topics")),
        partition_reassignments=Relation(
            related=links.url("topics", "-", "partitions", "-", "reassignment")
        ),
    )


def _broker_data(links: Links, cluster: str, broker: BrokerRegistration) -> BrokerData:
    here = links.url("brokers", broker.node_id)
    return BrokerData(
        metadata=Metadata(self=here, resource_name=links.name(broker=broker.node_id)),
        cluster_id=cluster,
        broker_id=broker.node_id,
        host=broker.host,
        port=broker.kafka_port,
        rack=broker.rack,
        configs=Relation(related=f"{here}/configs"),
        partition_replicas=Relation(related=f"{here}/partition-replicas"),
    )
