"""REST v3: delegation tokens. The secret is in the answer that makes one, and in no other."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links
from app.api.v3.models import ListMetadata
from app.api.v3.responses import errors
from app.api.v3.security.delegation_models import (
    CreateDelegationTokenBody,
    DelegationTokenData,
    DelegationTokenDataList,
    NewDelegationTokenData,
    RenewDelegationTokenBody,
)
from app.api.v3.security.user_models import SelfMetadata
from app.broker.context import BrokerContext
from app.broker.errors import DelegationTokenNotFound
from app.broker.security.delegation_tokens import (
    DelegationToken,
    create_delegation_token,
    expire_delegation_token,
    find_delegation_token,
    list_delegation_tokens,
    renew_delegation_token,
)
from app.security.delegation import owner_of
from app.security.principal import Principal

router = APIRouter(tags=["Delegation Token"], responses=errors(415, 422))
_TOKENS = "/v3/clusters/{cluster_id}/delegation-tokens"
_TOKEN = f"{_TOKENS}/{{token_id}}"
TokenId = Annotated[str, Path(description="The token's id.", max_length=64)]
Owner = Annotated[
    str | None, Query(description="Of whom only, as `User:alice`: owner, requester or renewer.")
]


@router.get(_TOKENS, operation_id="listCauceDelegationTokens")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, links: Linking, owner: Owner = None
) -> DelegationTokenDataList:
    """List the tokens that one may see."""
    owners = None if owner is None else [owner_of(owner)]
    found = list_delegation_tokens(context, asking, owners)
    return DelegationTokenDataList(
        metadata=ListMetadata(self=links.url("delegation-tokens"), next=None),
        data=[DelegationTokenData(**_fields(links, cluster, one)) for one in found],
    )


@router.post(_TOKENS, operation_id="createCauceDelegationToken", status_code=201)
async def create(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    wanted: CreateDelegationTokenBody,
    response: Response,
) -> NewDelegationTokenData:
    """Make a token; its secret is shown in this answer, and never again over REST."""
    made = await create_delegation_token(
        context,
        asking,
        owner=None if wanted.owner is None else owner_of(wanted.owner),
        renewers=[owner_of(one) for one in wanted.renewers],
        max_lifetime_ms=-1 if wanted.max_lifetime_ms is None else wanted.max_lifetime_ms,
    )
    response.headers["Cache-Control"] = "no-store"
    secret = base64.b64encode(made.secret).decode()
    return NewDelegationTokenData(secret=secret, **_fields(links, cluster, made))


@router.get(_TOKEN, operation_id="getCauceDelegationToken")
async def get(
    context: Context, asking: Asking, cluster: Cluster, links: Linking, token_id: TokenId
) -> DelegationTokenData:
    """Describe a token."""
    return DelegationTokenData(**_fields(links, cluster, _seen(context, asking, token_id)))


@router.post(f"{_TOKEN}:renew", operation_id="renewCauceDelegationToken")
async def renew(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    token_id: TokenId,
    wanted: RenewDelegationTokenBody,
) -> DelegationTokenData:
    """Let a token stand for longer; never beyond its `max_at_ms`."""
    token = _seen(context, asking, token_id)
    period_ms = -1 if wanted.period_ms is None else wanted.period_ms
    await renew_delegation_token(context, asking, token.secret, period_ms)
    return DelegationTokenData(**_fields(links, cluster, _seen(context, asking, token_id)))


@router.delete(
    _TOKEN, operation_id="deleteCauceDelegationToken", status_code=204, response_class=Response
)
async def delete(context: Context, asking: Asking, _cluster: Cluster, token_id: TokenId) -> None:
    """End a token at once; what logged in with it is cut."""
    await expire_delegation_token(context, asking, _seen(context, asking, token_id).secret)


def _seen(context: BrokerContext, asking: Principal, token_id: str) -> DelegationToken:
    found = find_delegation_token(context, asking, token_id)
    if found is None:
        raise DelegationTokenNotFound("There is no such delegation token")
    return found


def _fields(links: Links, cluster: str, token: DelegationToken) -> dict[str, Any]:
    record = token.record
    return {
        "metadata": SelfMetadata(self=links.url("delegation-tokens", record.token_id)),
        "cluster_id": cluster,
        "token_id": record.token_id,
        "owner": record.owner,
        "requester": record.requester,
        "renewers": list(record.renewers),
        "issued_at_ms": record.issued_at_ms,
        "expires_at_ms": record.expires_at_ms,
        "max_at_ms": record.max_at_ms,
    }
