"""REST v3: API keys. The key is in the answer that makes it, and in no other."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links
from app.api.v3.models import ListMetadata
from app.api.v3.responses import errors
from app.api.v3.security.user_models import (
    ApiKeyData,
    ApiKeyDataList,
    CreateApiKeyRequest,
    NewApiKeyData,
    SelfMetadata,
)
from app.broker.security.api_keys import create_api_key, delete_api_key, list_api_keys
from app.cluster.security_records import ApiKeyRecord

router = APIRouter(tags=["API Key"], responses=errors())
_KEYS = "/v3/clusters/{cluster_id}/api-keys"
KeyId = Annotated[str, Path(description="The key's id.", max_length=255)]


@router.get(_KEYS, operation_id="listCauceApiKeys")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> ApiKeyDataList:
    """List one's own keys, and those of others that one may see."""
    found = await list_api_keys(context, asking)
    return ApiKeyDataList(
        metadata=ListMetadata(self=links.url("api-keys"), next=None),
        data=[ApiKeyData(**_fields(links, cluster, one)) for one in found],
    )


@router.post(_KEYS, operation_id="createCauceApiKey", status_code=201, responses=errors(415, 422))
async def create(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    wanted: CreateApiKeyRequest,
    response: Response,
) -> NewApiKeyData:
    """Make a key; it is shown in this answer, and never again."""
    made = await create_api_key(
        context,
        asking,
        wanted.user,
        scopes=wanted.scopes,
        description=wanted.description,
        expires_at_ms=wanted.expires_at_ms,
    )
    response.headers["Cache-Control"] = "no-store"
    return NewApiKeyData(key=made.key, **_fields(links, cluster, made.record))


@router.delete(
    f"{_KEYS}/{{key_id}}",
    operation_id="deleteCauceApiKey",
    status_code=204,
    response_class=Response,
)
async def delete(context: Context, asking: Asking, _cluster: Cluster, key_id: KeyId) -> None:
    """Delete a key; what logged in with it is cut."""
    await delete_api_key(context, asking, key_id)


def _fields(links: Links, cluster: str, key: ApiKeyRecord) -> dict[str, Any]:
    return {
        "metadata": SelfMetadata(self=links.url("api-keys", key.key_id)),
        "cluster_id": cluster,
        "key_id": key.key_id,
        "user": key.user,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "description": key.description,
        "created_at_ms": key.created_at_ms,
        "expires_at_ms": key.expires_at_ms,
        "last_used_at_ms": key.last_used_at_ms,
    }
