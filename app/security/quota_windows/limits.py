"""Limits: which limit counts for whom, and who shares it.

A limit is set for a user, a client id, both, or an address; each of them may be the default. The
most specific one that is set counts, for each key by itself. Who shares it: a limit of a user with
a client id holds for each such pair alone, one of a user for all clients of that user together, one
of a client id for all users of it together.

Called by: engine, the verbs. Calls: nothing.
Source: KIP-55 (the order), KIP-124, KIP-257, KIP-599, KIP-612 (the keys).
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

DEFAULT = "<default>"
"""Stands for everyone of whom nothing is said."""

UNSET = ""
"""Stands for a part of an entity that is not given."""


_NAMELESS = "\0"
"""A client without an id, of which only the defaults speak: no entity's name has this sign."""


class QuotaType(Enum):
    """What may be limited, by the keys that Kafka gives it."""

    PRODUCE = "producer_byte_rate"
    FETCH = "consumer_byte_rate"
    REQUEST = "request_percentage"
    MUTATION = "controller_mutation_rate"
    CONNECTION = "connection_creation_rate"
    """Of addresses only."""


class Quota(NamedTuple):
    """One limit that is set."""

    user: str
    """A name, ``DEFAULT`` or ``UNSET``; for ``CONNECTION`` an address or ``DEFAULT``."""

    client_id: str
    """An id, ``DEFAULT`` or ``UNSET``."""

    key: QuotaType
    value: float


class Limit(NamedTuple):
    """A limit that counts for somebody."""

    value: float
    shared_by: tuple[str, str]
    """User and client id whose use is added up; ``UNSET`` where it is everyone's."""


_ByEntity = Mapping[tuple[str, str], float]


class Limits:
    """All limits of a moment, to look them up."""

    def __init__(self, quotas: Iterable[Quota] = ()) -> None:
        """Take them; of two for the same entity and key the last one."""
        found: dict[QuotaType, dict[tuple[str, str], float]] = {key: {} for key in QuotaType}
        for one in quotas:
            found[one.key][one.user, one.client_id] = one.value
        self._by_key: Mapping[QuotaType, _ByEntity] = found

    def has(self, key: QuotaType) -> bool:
        """Return whether anybody is limited so."""
        return bool(self._by_key[key])

    def find(self, key: QuotaType, user: str, client_id: str) -> Limit | None:
        """Return the limit that counts for a user's client, whose id may be empty, or None."""
        entities = self._by_key[key]
        named = client_id or _NAMELESS
        for entity, shared_by in (
            ((user, named), (user, client_id)),
            ((user, DEFAULT), (user, client_id)),
            ((user, UNSET), (user, UNSET)),
            ((DEFAULT, named), (user, client_id)),
            ((DEFAULT, DEFAULT), (user, client_id)),
            ((DEFAULT, UNSET), (user, UNSET)),
            ((UNSET, named), (UNSET, client_id)),
            ((UNSET, DEFAULT), (UNSET, client_id)),
        ):
            value = entities.get(entity)
            if value is not None:
                return Limit(value, shared_by)
        return None

    def of_address(self, address: str) -> float | None:
        """Return how many connections an address may make in a second, or None."""
        entities = self._by_key[QuotaType.CONNECTION]
        return entities.get((address, UNSET), entities.get((DEFAULT, UNSET)))
