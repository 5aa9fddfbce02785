"""Schemas over the registry's REST: subjects, versions, checks, levels and modes.

Called by: cli. Calls: client.http.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from cauce.client.http import Answer, HttpClient, decoded

LATEST = "latest"


class Reference(msgspec.Struct, frozen=True):
    """What a schema calls another one that it uses."""

    name: str
    subject: str
    version: int


class Schema(msgspec.Struct, frozen=True, rename={"schema_type": "schemaType", "text": "schema"}):
    """A version of a subject."""

    text: str
    id: int
    subject: str = ""
    version: int = 0
    schema_type: str = "AVRO"
    references: Sequence[Reference] = ()


class NewSchema(
    msgspec.Struct, frozen=True, rename={"schema_type": "schemaType", "text": "schema"}
):
    """A schema that may become a version."""

    text: str
    schema_type: str = "AVRO"
    references: Sequence[Reference] = ()


class Verdict(msgspec.Struct, frozen=True):
    """Whether a schema may follow, and why not."""

    is_compatible: bool
    messages: Sequence[str] = ()


class Plan(msgspec.Struct, frozen=True, rename={"is_new": "isNew"}):
    """What a registration would come to."""

    version: int
    is_new: bool
    is_compatible: bool
    diff: Sequence[str] = ()


class Schemas:
    """The schemas of one registry."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def subjects(self, prefix: str = "", *, deleted: bool = False) -> list[str]:
        """Return the names of subjects that begin with a prefix."""
        query: dict[str, object] = {"deleted": deleted}
        if prefix:
            query["subjectPrefix"] = prefix
        return self._get(_path("subjects", **query), list[str])

    def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """Return a subject's versions."""
        return self._get(_path("subjects", subject, "versions", deleted=deleted), list[int])

    def get(self, subject: str, version: str = LATEST, *, deleted: bool = False) -> Schema:
        """Return a version of a subject."""
        path = _path("subjects", subject, "versions", version, deleted=deleted)
        return self._get(path, Schema)

    def by_id(self, number: int) -> str:
        """Return the text of a schema."""
        return self._http.get(_path("schemas", "ids", str(number), "schema")).decode()

    def whole_by_id(self, number: int) -> "NewSchema":
        """Return a schema with its type and what it refers to."""
        return self._get(_path("schemas", "ids", str(number)), NewSchema)

    def register(self, subject: str, new: NewSchema, *, normalize: bool = False) -> Schema:
        """Make a schema a version of a subject, or find that it is one."""
        path = _path("subjects", subject, "versions", normalize=normalize)
        return self._sent("POST", path, new, Schema)

    def plan(self, subject: str, new: NewSchema, *, normalize: bool = False) -> Plan:
        """Return what a registration would come to; nothing is registered."""
        path = _path("subjects", subject, "versions", normalize=normalize, dryRun=True)
        return self._sent("POST", path, new, Plan)

    def check(self, subject: str, new: NewSchema, version: str | None = LATEST) -> Verdict:
        """Return whether a schema may follow a version, or all that the level asks for."""
        below = ("versions",) if version is None else ("versions", version)
        path = _path("compatibility", "subjects", subject, *below, verbose=True)
        return self._sent("POST", path, new, Verdict)

    def delete(
        self, subject: str, version: str | None = None, *, permanent: bool = False
    ) -> list[int]:
        """Delete a version or all of a subject; return what was deleted."""
        below = () if version is None else ("versions", version)
        path = _path("subjects", subject, *below, permanent=permanent)
        if version is not None:
            return [self._sent("DELETE", path, None, int)]
        return self._sent("DELETE", path, None, list[int])

    def level(self, subject: str | None = None) -> str:
        """Return the compatibility level of a subject, inherited or not, or the common one."""
        found = self._get(_path("config", subject, defaultToGlobal=True), dict[str, Any])
        return str(found["compatibilityLevel"])

    def set_level(self, level: str | None, subject: str | None = None) -> None:
        """Set a compatibility level; None takes it away."""
        body = None if level is None else {"compatibility": level}
        self._http.send("DELETE" if level is None else "PUT", _path("config", subject), body)

    def mode(self, subject: str | None = None) -> str:
        """Return the mode of a subject, inherited or not, or the common one."""
        found = self._get(_path("mode", subject, defaultToGlobal=True), dict[str, Any])
        return str(found["mode"])

    def set_mode(
        self, mode: str | None, subject: str | None = None, *, force: bool = False
    ) -> None:
        """Set a mode; None takes a subject's away."""
        if mode is None:
            self._http.send("DELETE", _path("mode", subject))
        else:
            self._http.send("PUT", _path("mode", subject, force=force), {"mode": mode})

    def _get(self, path: str, answer: type[Answer]) -> Answer:
        return decoded(self._http, self._http.get(path), answer)

    def _sent(self, method: str, path: str, body: object, answer: type[Answer]) -> Answer:
        return decoded(self._http, self._http.send(method, path, body), answer)


def _path(*parts: str | None, **query: object) -> str:
    """Return a path whose parts are escaped whole; a query's false flags are left out."""
    path = "".join(f"/{quote(part, safe='')}" for part in parts if part is not None)
    given = {
        name: "true" if value is True else str(value)
        for name, value in query.items()
        if value is not False
    }
    return f"{path}?{urlencode(given)}" if given else path
