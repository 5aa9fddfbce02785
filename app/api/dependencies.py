"""What routes are given: the broker, who is asking, and the cluster of the path."""

from typing import Annotated

from fastapi import Depends, Path, Request

from app.api.auth.asking import principal_of
from app.api.edge.addresses import base_url
from app.api.errors import ApiError
from app.broker.context import BrokerContext
from app.consumers.sessions import Sessions
from app.security.principal import Principal

THIS_CLUSTER = "-"
"""Path segment that means the cluster one is talking to."""

ID_CHARS_MAX = 255


def get_context(request: Request) -> BrokerContext:
    """Return the broker.

    Raises:
        ApiError: It is starting or ending.
    """
    context: BrokerContext | None = getattr(request.app.state, "context", None)
    if context is None:
        raise ApiError(503, 50302, "This node is starting or shutting down")
    return context


def get_sessions(request: Request) -> Sessions:
    """Return the consumers that live on the server.

    Raises:
        ApiError: The node is starting or ending.
    """
    get_context(request)
    sessions: Sessions = request.app.state.sessions
    return sessions


def get_principal(request: Request) -> Principal:
    """Return who is asking."""
    return principal_of(request.scope)


Context = Annotated[BrokerContext, Depends(get_context)]
ServerSessions = Annotated[Sessions, Depends(get_sessions)]
Asking = Annotated[Principal, Depends(get_principal)]


def get_cluster(
    context: Context,
    cluster_id: Annotated[
        str, Path(description="The cluster's id, or `-` for this one.", max_length=ID_CHARS_MAX)
    ],
) -> str:
    """Return this cluster's id if the path means it.

    Raises:
        ApiError: It names another.
    """
    known = context.image.cluster_id
    if cluster_id not in (THIS_CLUSTER, known):
        raise ApiError(404, 404, "HTTP 404 Not Found: no such cluster here")
    return known


Cluster = Annotated[str, Depends(get_cluster)]
TopicName = Annotated[str, Path(description="The topic's name.", max_length=ID_CHARS_MAX)]
PartitionId = Annotated[int, Path(description="The partition's number.", ge=0, le=2**31 - 1)]
BrokerId = Annotated[int, Path(description="The broker's node id.", ge=0, le=2**31 - 1)]


class Links:
    """Makes URLs and resource names of one request."""

    def __init__(self, request: Request, context: BrokerContext) -> None:
        self._base = base_url(request.scope)
        self._cluster = context.image.cluster_id

    def url(self, *segments: object) -> str:
        """Return the URL of a resource below this cluster."""
        path = "".join(f"/{segment}" for segment in segments)
        return f"{self._base}/v3/clusters/{self._cluster}{path}"

    def name(self, **parts: object) -> str:
        """Return the ``crn:`` of a resource below this cluster."""
        path = "".join(f"/{kind.replace('_', '-')}={value}" for kind, value in parts.items())
        return f"crn:///kafka={self._cluster}{path}"


def get_links(request: Request, context: Context) -> Links:
    """Return the maker of this request's links."""
    return Links(request, context)


Linking = Annotated[Links, Depends(get_links)]
