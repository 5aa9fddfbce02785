"""Verbs on quotas: tell which limits are set, set and remove them.

An entity is a user, a client id, both, or an address; each is named or is the default. Its keys are
Kafka's, and so are the rules of what may be set.
Source: KIP-546, KIP-612; Kafka's ``ClientQuotaControlManager`` and ``ClientQuotasImage``.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from typing import NamedTuple

from app.broker.context import BrokerContext
from app.broker.errors import BrokerError, InvalidRequest, PolicyViolation
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import audited_change
from app.cluster.security_records import QuotaKey
from app.security.acls import CLUSTER, Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import DEFAULT, UNSET, QuotaType

NAME_CHARS_MAX = 255
QUOTAS_MAX = 50_000
ENTRIES_MAX = 10_000
"""Of one request."""

_OF_ADDRESSES = frozenset({QuotaType.CONNECTION.value})
_OF_CLIENTS = frozenset(kind.value for kind in QuotaType) - _OF_ADDRESSES
_WHOLE = frozenset({QuotaType.PRODUCE.value, QuotaType.FETCH.value, QuotaType.CONNECTION.value})


class Entity(NamedTuple):
    """Whose limits: each part a name, ``DEFAULT``, or ``UNSET``."""

    user: str = UNSET
    client_id: str = UNSET
    ip: str = UNSET


class Match(Enum):
    """How a part of an entity has to be."""

    EXACT = 0
    DEFAULT = 1
    ANY = 2
    """Given, whatever it is."""


class Wanted(NamedTuple):
    """What is asked of one part."""

    match: Match
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFilter:
    """Which entities are asked for; a part that is None may be as it likes."""

    user: Wanted | None = None
    client_id: Wanted | None = None
    ip: Wanted | None = None
    is_strict: bool = False
    """Whether a part that is None must not be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """What is to be changed of one entity; None removes a key."""

    entity: Entity
    values: Mapping[str, float | None] = field(default_factory=dict)


def describe_quotas(
    context: BrokerContext, principal: Principal, wanted: EntityFilter
) -> dict[Entity, dict[str, float]]:
    """Return the limits of the entities that are asked for, in the order of their names.

    Args:
        context: The broker.
        principal: Needs DESCRIBE_CONFIGS on the cluster.
        wanted: Which.

    Raises:
        ClusterAuthorizationFailed: It may not.
        InvalidRequest: The filter asks for addresses together with users or clients.
    """
    context.require_cluster(principal, Operation.DESCRIBE_CONFIGS)
    if wanted.ip is not None and (wanted.user is not None or wanted.client_id is not None):
        raise InvalidRequest("Invalid entity filter component combination: ip stands alone.")
    found: dict[Entity, dict[str, float]] = {}
    image = context.security.image
    for key, value in sorted(image.quotas.items() if image is not None else ()):
        entity = Entity(key.user, key.client_id, key.ip)
        if _is_wanted(entity, wanted):
            found.setdefault(entity, {})[key.name] = value
    return found


def _is_wanted(entity: Entity, wanted: EntityFilter) -> bool:
    asked = (wanted.user, wanted.client_id, wanted.ip)
    for name, one in zip(entity, asked, strict=True):
        if one is None:
            fits = not (wanted.is_strict and name)
        elif one.match is Match.ANY:
            fits = name != UNSET
        elif one.match is Match.DEFAULT:
            fits = name == DEFAULT
        else:
            fits = name == one.name and name not in (UNSET, DEFAULT)
        if not fits:
            return False
    return True


async def alter_quotas(
    context: BrokerContext,
    principal: Principal,
    alterations: Sequence[Alteration],
    *,
    validate_only: bool = False,
) -> list[BrokerError | None]:
    """Set and remove limits; those of entities that may be are changed together.

    Args:
        context: The broker.
        principal: Needs ALTER_CONFIGS on the cluster.
        alterations: Of which entities, what.
        validate_only: Check everything, change nothing.

    Returns:
        For each why it is refused, or None.

    Raises:
        BrokerError: All of it is refused.
    """
    context.require_cluster(principal, Operation.ALTER_CONFIGS)
    if len(alterations) > ENTRIES_MAX:
        raise InvalidRequest(f"{len(alterations)} entries are more than the {ENTRIES_MAX} allowed")
    times = Counter(one.entity for one in alterations)
    refusals: list[BrokerError | None] = []
    values: dict[QuotaKey, float] = {}
    removed: set[QuotaKey] = set()
    for one in alterations:
        try:
            if times[one.entity] > 1:
                raise InvalidRequest("Duplicate client quota entity.")
            check_entity(one.entity)
            for name, value in one.values.items():
                _check(one.entity, name, value)
        except BrokerError as error:
            refusals.append(error.as_outcome())
            continue
        refusals.append(None)
        for name, value in one.values.items():
            key = QuotaKey(*one.entity, name)
            if value is None:
                removed.add(key)
            else:
                values[key] = value
    _check_total(context, values, removed)
    if not validate_only and (values or removed):
        names = sorted({_named(key) for key in (*values, *removed)})
        async with audited_change(
            *(context, "AlterClientQuotas", principal, Operation.ALTER_CONFIGS, CLUSTER),
            items=names,
        ):
            with translating_catalog_errors():
                await context.security.catalog.alter_quotas(values, removed)
                await context.security.refresh()
    return refusals


def _named(key: QuotaKey) -> str:
    entity = {"user": key.user, "client-id": key.client_id, "ip": key.ip}
    parts = [f"{kind}={name}" for kind, name in entity.items() if name != UNSET]
    return " ".join([*parts, key.name])


def check_entity(entity: Entity) -> None:
    """Refuse an entity that is none.

    Raises:
        InvalidRequest: With what is wrong.
    """
    if entity == Entity():
        raise InvalidRequest("Invalid empty client quota entity.")
    if entity.ip != UNSET and (entity.user != UNSET or entity.client_id != UNSET):
        raise InvalidRequest("Invalid quota entity combination: an ip stands alone.")
    for name in entity:
        if len(name) > NAME_CHARS_MAX or "\0" in name:
            raise InvalidRequest(f"Names are of 1 to {NAME_CHARS_MAX} characters, without NUL")
    if entity.ip not in (UNSET, DEFAULT):
        try:
            is_written_plainly = str(ip_address(entity.ip)) == entity.ip
        except ValueError:
            is_written_plainly = False
        if not is_written_plainly:
            raise InvalidRequest(f"{entity.ip[:64]!r} is not a valid IP in its shortest form")


def _check(entity: Entity, name: str, value: float | None) -> None:
    known = _OF_ADDRESSES if entity.ip != UNSET else _OF_CLIENTS
    if name not in known:
        raise InvalidRequest(
            f"Invalid quota key {name[:NAME_CHARS_MAX]!r}; there are {', '.join(sorted(known))}"
        )
    if value is None:
        return
    if not math.isfinite(value) or value <= 0:
        raise InvalidRequest(f"Quota {name} must be greater than 0")
    if value > 2**63 - 1 or (name in _WHOLE and value != int(value)):
        raise InvalidRequest(f"Quota {name} must be a whole number of 64 bits")


def _check_total(
    context: BrokerContext, values: Mapping[QuotaKey, float], removed: set[QuotaKey]
) -> None:
    image = context.security.image
    present = set(image.quotas) if image is not None else set()
    total = len((present | values.keys()) - removed)
    if total > QUOTAS_MAX and total > len(present):
        raise PolicyViolation(f"{total} quotas would pass the cluster's limit of {QUOTAS_MAX}")
