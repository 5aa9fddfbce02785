"""REST v3: quotas of users, client ids and addresses.

``<default>`` as a name means everyone of whom nothing is said, as in Kafka's tools.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links
from app.api.errors import ApiError
from app.api.v3.models import ListMetadata
from app.api.v3.responses import errors
from app.api.v3.security.quota_models import (
    AlterQuotasRequest,
    QuotaData,
    QuotaDataList,
    QuotaMetadata,
)
from app.broker.context import BrokerContext
from app.broker.security.quotas import (
    Alteration,
    Entity,
    EntityFilter,
    Match,
    Wanted,
    alter_quotas,
    describe_quotas,
)
from app.security.principal import Principal
from app.security.quota_windows.limits import DEFAULT, UNSET

router = APIRouter(tags=["Quota"], responses=errors())
_QUOTAS = "/v3/clusters/{cluster_id}/quotas"

User = Annotated[
    str | None, Query(min_length=1, max_length=255, description="A user's name, or `<default>`.")
]
ClientId = Annotated[
    str | None, Query(min_length=1, max_length=255, description="A client id, or `<default>`.")
]
Address = Annotated[
    str | None, Query(min_length=1, max_length=255, description="An IP address, or `<default>`.")
]


@router.get(_QUOTAS, operation_id="listCauceQuotas")
async def list_all(
    context: Context,
    asking: Asking,
    cluster: Cluster,
    links: Linking,
    user: User = None,
    client_id: ClientId = None,
    ip: Address = None,
) -> QuotaDataList:
    """List the quotas of the entities that have these parts; all of them if none is said."""
    wanted = EntityFilter(user=_wanted(user), client_id=_wanted(client_id), ip=_wanted(ip))
    found = describe_quotas(context, asking, wanted)
    return QuotaDataList(
        metadata=ListMetadata(self=links.url("quotas"), next=None),
        data=[_data(links, cluster, entity, values) for entity, values in found.items()],
    )


@router.post(
    f"{_QUOTAS}:alter",
    operation_id="alterCauceQuotas",
    status_code=204,
    response_class=Response,
    responses=errors(415, 422),
)
async def alter(
    context: Context, asking: Asking, _cluster: Cluster, wanted: AlterQuotasRequest
) -> None:
    """Set and remove limits of entities, all or none."""
    alterations = [
        Alteration(
            entity=Entity(one.user or UNSET, one.client_id or UNSET, one.ip or UNSET),
            values=one.values,
        )
        for one in wanted.data
    ]
    await _alter(context, asking, alterations, validate_only=wanted.validate_only)


@router.delete(_QUOTAS, operation_id="deleteCauceQuota", status_code=204, response_class=Response)
async def delete(
    context: Context,
    asking: Asking,
    _cluster: Cluster,
    user: User = None,
    client_id: ClientId = None,
    ip: Address = None,
) -> None:
    """Remove all limits of one entity, the one that has these parts and no others."""
    entity = Entity(user or UNSET, client_id or UNSET, ip or UNSET)
    if entity == Entity():
        raise ApiError(400, 400, "Bad Request: say user, client_id or ip")
    wanted = EntityFilter(
        user=_wanted(user), client_id=_wanted(client_id), ip=_wanted(ip), is_strict=True
    )
    found = describe_quotas(context, asking, wanted).get(entity)
    if found is None:
        raise ApiError(404, 40403, "This entity has no quota.")
    await _alter(context, asking, [Alteration(entity=entity, values=dict.fromkeys(found))])


async def _alter(
    context: BrokerContext,
    asking: Principal,
    alterations: list[Alteration],
    *,
    validate_only: bool = False,
) -> None:
    """Alter all or none.

    Raises:
        BrokerError: Why the first one is refused that is.
    """
    for refused in await alter_quotas(context, asking, alterations, validate_only=True):
        if refused is not None:
            raise refused
    if not validate_only:
        await alter_quotas(context, asking, alterations)


def _wanted(name: str | None) -> Wanted | None:
    if name is None:
        return None
    return Wanted(Match.DEFAULT) if name == DEFAULT else Wanted(Match.EXACT, name)


def _data(links: Links, cluster: str, entity: Entity, values: dict[str, float]) -> QuotaData:
    given = {part: name for part, name in entity._asdict().items() if name}
    return QuotaData(
        metadata=QuotaMetadata(self=f"{links.url('quotas')}?{urlencode(given)}"),
        cluster_id=cluster,
        user=entity.user or None,
        client_id=entity.client_id or None,
        ip=entity.ip or None,
        values=values,
    )
