"""DescribeClientQuotas and AlterClientQuotas.

A name that is null is the default of its type. Where some entries of a request are refused the
others are changed all the same.
Source: KIP-546; KIP-612 (the type ``ip``).
"""

from collections.abc import Sequence

from app.broker.errors import BrokerError, InvalidRequest, UnsupportedVersion
from app.broker.security.quotas import (
    Alteration,
    Entity,
    EntityFilter,
    Match,
    Wanted,
    alter_quotas,
    describe_quotas,
)
from app.security.quota_windows.limits import DEFAULT
from app.wire.call import Call
from app.wire.messages.quotas import (
    AlterClientQuotasRequest,
    AlterClientQuotasResponse,
    AlteredEntityData,
    AlteredEntryData,
    ComponentData,
    DescribeClientQuotasRequest,
    DescribeClientQuotasResponse,
    DescribedEntityData,
    DescribedEntryData,
    DescribedValueData,
    EntryToAlter,
)
from app.wire.registry import serve

TYPES = {"user": "user", "client-id": "client_id", "ip": "ip"}
"""Kafka's names of the parts of an entity, and ours."""

_MATCHES = {match.value: match for match in Match}


def describe_client_quotas(
    call: Call, request: DescribeClientQuotasRequest
) -> DescribeClientQuotasResponse:
    """Tell the quotas of the entities that are asked for."""
    response = DescribeClientQuotasResponse(error_message=None, entries=None)
    try:
        wanted = _filter(request.components, request.strict)
        found = describe_quotas(call.broker, call.principal, wanted)
    except BrokerError as error:
        response.error_code, response.error_message = error.code, str(error)
        return response
    response.entries = [
        DescribedEntryData(
            entity=[
                DescribedEntityData(entity_type=kind, entity_name=name)
                for kind, name in _parts(entity)
            ],
            values=[DescribedValueData(key=key, value=value) for key, value in values.items()],
        )
        for entity, values in found.items()
    ]
    return response


def _filter(components: Sequence[ComponentData], strict: bool) -> EntityFilter:
    wanted: dict[str, Wanted] = {}
    for one in components:
        part = _part(one.entity_type)
        if part in wanted:
            raise InvalidRequest(f"Duplicate filter component entity type: {one.entity_type}")
        match = _MATCHES.get(one.match_type)
        if match is None or (match is Match.EXACT) != (one.match is not None):
            raise InvalidRequest(f"Invalid match of filter component {one.entity_type}")
        wanted[part] = Wanted(match, one.match or "")
    return EntityFilter(**wanted, is_strict=strict)


def _part(entity_type: str) -> str:
    if entity_type not in TYPES:
        raise UnsupportedVersion(f"Custom entity type {entity_type[:64]!r} not supported")
    return TYPES[entity_type]


def _parts(entity: Entity) -> list[tuple[str, str | None]]:
    return [
        (kind, None if name == DEFAULT else name)
        for kind, name in zip(TYPES, entity, strict=True)
        if name
    ]


async def alter_client_quotas(
    call: Call, request: AlterClientQuotasRequest
) -> AlterClientQuotasResponse:
    """Set and remove quotas of each entity."""
    refusals: list[BrokerError | None] = []
    alterations: list[Alteration] = []
    for entry in request.entries:
        try:
            alterations.append(_alteration(entry))
            refusals.append(None)
        except BrokerError as error:
            refusals.append(error)
    try:
        decided: Sequence[BrokerError | None] = await alter_quotas(
            call.broker, call.principal, alterations, validate_only=request.validate_only
        )
    except BrokerError as error:
        decided = [error] * len(alterations)
    rest = iter(decided)
    refusals = [one if one is not None else next(rest) for one in refusals]
    return AlterClientQuotasResponse(
        entries=[
            AlteredEntryData(
                error_code=0 if error is None else error.code,
                error_message=None if error is None else str(error),
                entity=entry.entity,
            )
            for entry, error in zip(request.entries, refusals, strict=True)
        ]
    )


def _alteration(entry: EntryToAlter) -> Alteration:
    parts: dict[str, str] = {}
    for one in entry.entity:
        part = _named(one, parts)
        parts[part] = DEFAULT if one.entity_name is None else one.entity_name
    values: dict[str, float | None] = {}
    for op in entry.ops:
        if op.key in values:
            raise InvalidRequest(f"Duplicate quota key {op.key[:64]!r}")
        values[op.key] = None if op.remove else op.value
    return Alteration(entity=Entity(**parts), values=values)


def _named(one: AlteredEntityData, parts: dict[str, str]) -> str:
    """Return which part of an entity this is.

    Raises:
        InvalidRequest: None that there is, one that there was, or one with an empty name.
    """
    part = TYPES.get(one.entity_type)
    if part is None:
        raise InvalidRequest(f"Unhandled client quota entity type: {one.entity_type[:64]!r}")
    if part in parts:
        raise InvalidRequest(f"Duplicate entity type: {one.entity_type}")
    if one.entity_name == "":
        raise InvalidRequest(f"Empty {one.entity_type} not supported")
    return part


SERVED = (
    serve(DescribeClientQuotasRequest, describe_client_quotas),
    serve(AlterClientQuotasRequest, alter_client_quotas),
)
