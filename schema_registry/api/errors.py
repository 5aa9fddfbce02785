"""Errors at the door: one table from refusals to status and code.

Every body is ``{"error_code": int, "message": str}``, those of the router as well.
Source: section 1.2 of the facts on Confluent's registry.
"""

from collections.abc import Mapping

from schema_registry import errors
from schema_registry.errors import RegistryError

UNAVAILABLE_CODE = 50001
INTERNAL_CODE = 500
MESSAGE_CHARS_MAX = 100_000
"""A message repeats schemas; more of it than this helps nobody."""

_TABLE: Mapping[type[RegistryError], tuple[int, int]] = {
    errors.SubjectAccessDenied: (403, 40301),
    errors.SubjectNotFound: (404, 40401),
    errors.VersionNotFound: (404, 40402),
    errors.SchemaNotFound: (404, 40403),
    errors.SubjectSoftDeleted: (404, 40404),
    errors.SubjectNotSoftDeleted: (404, 40405),
    errors.VersionSoftDeleted: (404, 40406),
    errors.VersionNotSoftDeleted: (404, 40407),
    errors.CompatibilityNotConfigured: (404, 40408),
    errors.ModeNotConfigured: (404, 40409),
    errors.AssociationNotFound: (404, 40410),
    errors.IncompatibleSchema: (409, 409),
    errors.TooManyAssociations: (409, 40902),
    errors.AssociationExists: (409, 40903),
    errors.SubjectAssociated: (409, 40904),
    errors.SubjectHasStrongAssociation: (409, 40905),
    errors.NoActiveVersion: (409, 40907),
    errors.AssociationFrozen: (409, 40908),
    errors.InvalidSchema: (422, 42201),
    errors.InvalidVersion: (422, 42202),
    errors.InvalidCompatibilityLevel: (422, 42203),
    errors.InvalidMode: (422, 42204),
    errors.OperationNotPermitted: (422, 42205),
    errors.ReferenceExists: (422, 42206),
    errors.IdDoesNotMatch: (422, 42207),
    errors.InvalidSubject: (422, 42208),
    errors.SchemaTooLarge: (422, 42209),
    errors.InvalidRuleSet: (422, 42210),
    errors.ContextNotEmpty: (422, 42211),
    errors.InvalidAssociation: (422, 42212),
    errors.InvalidRequest: (422, 422),
    errors.StoreUnavailable: (500, UNAVAILABLE_CODE),
    errors.StoreConflict: (500, 50002),
    errors.AuditUnavailable: (503, 50003),
}


class HttpRefusal(Exception):
    """The router or the parser of a request refuses."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def status_and_code(error: RegistryError) -> tuple[int, int]:
    """Return the HTTP status and the error code of a refusal."""
    for kind in type(error).__mro__:
        found = _TABLE.get(kind)
        if found is not None:
            return found
    return 500, INTERNAL_CODE
