"""Shapes of REST v2's metadata and consumers, as FastAPI and the OpenAPI document see them."""

from pydantic import BaseModel, Field


class V2BrokerList(BaseModel):
    """The nodes of the cluster."""

    brokers: list[int]


class V2Replica(BaseModel):
    """A copy of a partition."""

    broker: int
    leader: bool
    in_sync: bool


class V2Partition(BaseModel):
    """One partition and its copies."""

    partition: int
    leader: int
    replicas: list[V2Replica]


class V2Topic(BaseModel):
    """One topic."""

    name: str
    configs: dict[str, str]
    partitions: list[V2Partition]


class V2PartitionOffsets(BaseModel):
    """Where a partition begins and ends."""

    beginning_offset: int = Field(json_schema_extra={"format": "int64"})
    end_offset: int = Field(json_schema_extra={"format": "int64"})
    """Of the next record, which readers cannot see yet."""
