"""What the server says of itself over REST, to clients of Confluent's registry and of Karapace."""

from schema_registry.api.answers import Answer, Door, json_answer
from schema_registry.api.requests import Request

CLUSTER_NAME = "schema-registry"


async def root(_door: Door, _request: Request) -> Answer:
    """Answer that there is somebody."""
    return json_answer({})


async def metadata_id(door: Door, _request: Request) -> Answer:
    """Return which clusters these are."""
    clusters = {"kafka-cluster": door.cluster_id, "schema-registry-cluster": CLUSTER_NAME}
    return json_answer({"id": "", "scope": {"path": [], "clusters": clusters}})


async def metadata_version(door: Door, _request: Request) -> Answer:
    """Return the version of this server."""
    return json_answer({"version": door.version, "commitId": ""})


async def metadata_deployment(_door: Door, _request: Request) -> Answer:
    """Return what is known of where it runs."""
    return json_answer({"attributes": []})


async def health(door: Door, _request: Request) -> Answer:
    """Say whether the store answers."""
    async with door.context.store.reading() as reading:
        revision = await reading.revision()
    return json_answer({"schema_registry_ready": True, "status": {"revision": revision}})


async def master_available(_door: Door, _request: Request) -> Answer:
    """Say that changes can be made here, as they can on every node."""
    return json_answer({"master_available": True})
