"""Access control lists over REST v3: list, create, delete, explain.

Called by: cli. Calls: client.http.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from cauce.client.http import HttpClient, decoded

ACLS_PATH = "/v3/clusters/-/acls"


class Acl(msgspec.Struct, frozen=True):
    """One access control list, in Kafka's words."""

    resource_type: str
    resource_name: str
    pattern_type: str
    principal: str
    host: str
    operation: str
    permission: str


class Decision(msgspec.Struct, frozen=True):
    """Whether somebody may, and the rule that decides, if one does."""

    is_allowed: bool
    ground: str
    message: str
    acl: Acl | None


class _List(msgspec.Struct):
    data: list[Acl]


class Acls:
    """The access control lists of one cluster."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self, wanted: Mapping[str, str]) -> Sequence[Acl]:
        """Return those that a filter means: parts by name; any where one is left out."""
        return decoded(self._http, self._http.get(_path(wanted)), _List).data

    def create(self, acls: Sequence[Acl]) -> None:
        """Create them, all or none."""
        data = [msgspec.structs.asdict(one) for one in acls]
        self._http.send("POST", f"{ACLS_PATH}:batch", {"data": data})

    def delete(self, wanted: Mapping[str, str]) -> Sequence[Acl]:
        """Delete those that a filter means; return them."""
        kinds = dict.fromkeys(("resource_type", "pattern_type", "operation", "permission"), "ANY")
        body = self._http.send("DELETE", _path(kinds | dict(wanted)))
        return decoded(self._http, body, _List).data

    def explain(self, question: Mapping[str, object]) -> Decision:
        """Return why somebody may or may not."""
        body = self._http.send("POST", f"{ACLS_PATH}:explain", dict(question))
        return decoded(self._http, body, Decision)


def _path(wanted: Mapping[str, str]) -> str:
    return f"{ACLS_PATH}?{urlencode(wanted)}" if wanted else ACLS_PATH
