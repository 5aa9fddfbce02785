"""The HTTP application: routes, error handlers, the guard."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

from fastapi import FastAPI

from app.api import health
from app.api.edge.segments import WholeSegments
from app.api.errors import install_error_handlers
from app.api.guard import BodyGuard
from app.api.openapi_document import Described
from app.api.sse import routes as streams
from app.api.v2 import consumer_offsets as v2_consumer_offsets
from app.api.v2 import consumers as v2_consumers
from app.api.v2 import metadata as v2_metadata
from app.api.v2 import records as v2_records
from app.api.v2.dialects import DEFAULT, DIALECTS
from app.api.v3 import (
    clusters,
    consumer_groups,
    group_offsets,
    partitions,
    records,
    topic_configs,
    topics,
)
from app.api.v3.security import (
    acls,
    api_keys,
    delegation_tokens,
    quotas,
    tickets,
    tokens,
    users,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_TAGS = [
    {"name": "Cluster", "description": "The cluster as a whole."},
    {"name": "Broker", "description": "Its nodes."},
    {"name": "Topic", "description": "Named logs of records, in partitions."},
    {"name": "Configs", "description": "What each topic is set to."},
    {"name": "Partition", "description": "One ordered log."},
    {"name": "Replica", "description": "A partition's copies."},
    {"name": "Records", "description": "Produce, consume, delete."},
    {"name": "Consumer Group", "description": "Who reads together, and how far they are."},
    {"name": "ACL", "description": "Who may do what, and why."},
    {"name": "Quota", "description": "How much users, clients and addresses may use."},
    {"name": "User", "description": "Who may log in."},
    {"name": "API Key", "description": "What programs log in with."},
    {"name": "Delegation Token", "description": "What is lent to programs, for a while."},
    {"name": "Token", "description": "What to log in with for a short time; who one is."},
    {"name": "Login", "description": "Logging in where no header can."},
    {"name": "REST v2", "description": "The dialect of Confluent's v2, Karapace and Strimzi."},
    {"name": "Health", "description": "Liveness, readiness, welcome."},
]


_ROUTED = (
    clusters,
    topic_configs,
    topics,
    records,
    streams,
    partitions,
    consumer_groups,
    group_offsets,
    acls,
    quotas,
    users,
    api_keys,
    delegation_tokens,
    tokens,
    tickets,
    v2_metadata,
    v2_records,
    v2_consumers,
    v2_consumer_offsets,
    health,
)


def build_application(lifespan: Lifespan | None = None) -> FastAPI:
    """Return the application with every route; the broker comes with ``app.state.context``."""
    app = Described(
        title="Cauce",
        summary="Event streaming with Kafka's semantics over HTTP.",
        version=version("cauce"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=_TAGS,
        servers=[{"url": "/", "description": "This node."}],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.dialect = DIALECTS[DEFAULT]
    for module in _ROUTED:
        app.include_router(module.router)
    install_error_handlers(app)
    app.add_middleware(BodyGuard)
    app.add_middleware(WholeSegments)
    return app
