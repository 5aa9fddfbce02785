"""Quotas over REST v3: list, set, delete.

Called by: cli. Calls: client.http.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from cauce.client.http import HttpClient, decoded

QUOTAS_PATH = "/v3/clusters/-/quotas"


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose limits: what is not given is None, ``<default>`` is everyone's."""

    user: str | None = None
    client_id: str | None = None
    ip: str | None = None

    def parts(self) -> dict[str, str]:
        """Return the parts that are given."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}


class Quota(Entity, frozen=True, kw_only=True):
    """The limits of an entity, by Kafka's names."""

    values: dict[str, float]


class _List(msgspec.Struct):
    data: list[Quota]


class Quotas:
    """The quotas of one cluster."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self, entity: Entity) -> Sequence[Quota]:
        """Return the quotas of the entities that have the parts which are given."""
        return decoded(self._http, self._http.get(_path(entity)), _List).data

    def alter(self, entity: Entity, values: Mapping[str, float | None]) -> None:
        """Set limits, or remove them (None), all or none."""
        data = [{**entity.parts(), "values": dict(values)}]
        self._http.send("POST", f"{QUOTAS_PATH}:alter", {"data": data})

    def delete(self, entity: Entity) -> None:
        """Remove all limits of an entity."""
        self._http.send("DELETE", _path(entity))


def _path(entity: Entity) -> str:
    query = urlencode(entity.parts())
    return f"{QUOTAS_PATH}?{query}" if query else QUOTAS_PATH
