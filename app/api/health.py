"""Is the process alive, is it ready for work, and where to begin."""

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from app.api.auth.asking import principal_of
from app.api.errors import V2_TYPE, encode_error
from app.api.v3.responses import errors
from app.broker.context import BrokerContext
from app.security.acls import CLUSTER, Operation
from app.security.principal import Principal

router = APIRouter(tags=["Health"], responses=errors())


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The node takes work."""

    status: Literal["ready"] = "ready"


class Welcome(BaseModel):
    """What this is."""

    name: Literal["cauce"] = "cauce"
    version: str
    clusters: str
    openapi: str


@router.get("/livez", operation_id="getLiveness")
async def livez() -> Alive:
    """Say that the process answers; it says nothing of its disk or database."""
    return Alive()


def readiness_problem(context: BrokerContext | None) -> str | None:
    """Return why a node takes no work; None if it does."""
    if context is None:
        return "starting or shutting down"
    if context.replicas.fenced is not None:
        return f"{_FENCED}: {context.replicas.fenced}"
    return None


@router.get("/readyz", operation_id="getReadiness", response_model=Ready)
async def readyz(request: Request) -> Response:
    """Say whether the node takes work, and why not.

    The reason names files of the node: without ``DESCRIBE`` of the cluster only its kind is said.
    """
    context: BrokerContext | None = getattr(request.app.state, "context", None)
    problem = readiness_problem(context)
    if problem is None:
        return JSONResponse({"status": "ready"})
    if context is not None and not _may_know(context, principal_of(request.scope)):
        problem = _FENCED
    body = encode_error(50302, f"Not ready: {problem}")
    return Response(body, 503, media_type="application/json", headers={"Retry-After": "1"})


def _may_know(context: BrokerContext, principal: Principal) -> bool:
    return context.authorizer.authorize(principal, Operation.DESCRIBE, CLUSTER)


@router.get(
    "/",
    operation_id="getWelcome",
    response_model=Welcome,
    responses={200: {"content": {V2_TYPE: {"schema": {"type": "object"}}}}},
)
async def welcome(request: Request) -> Response:
    """Say what this is and where to begin; to clients of REST v2, nothing."""
    if _KAFKA in request.headers.get("accept", ""):
        return Response(b"{}", media_type=V2_TYPE)
    said = Welcome(version=version("cauce"), clusters="/v3/clusters", openapi="/openapi.json")
    return JSONResponse(said.model_dump())


_FENCED = "log directory fenced"

_KAFKA = "application/vnd.kafka"
"""What the types begin with that clients of REST v2 accept."""
