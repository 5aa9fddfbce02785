"""What the registry may refuse.

A refusal names the values; the number and status that clients see stand in one table at the door
(``api/errors.py``).
"""


class RegistryError(Exception):
    """The registry refuses, and it is fine itself: the caller can act on it."""


class FaultInText(RegistryError):
    """Something a caller wrote is wrong at a place."""

    def __init__(self, path: str, message: str) -> None:
        """Say what is wrong where.

        Args:
            path: Where in the text: a JSON pointer, or ``line:column``; empty is all of it.
            message: What is wrong there.
        """
        super().__init__(f"{message} (at {path})" if path else message)
        self.path = path
        self.message = message


class SubjectAccessDenied(RegistryError):
    """Whoever chose a schema of this subject may not have it, or may not register it there."""


class InvalidSchema(FaultInText):
    """A text is no schema of its type, or cannot be resolved."""


class InvalidPayload(FaultInText):
    """A value or its bytes do not fit their schema; the path leads into the value."""


class SchemaFormatUnsupported(RegistryError):
    """A schema has no form of that name; doors fall back to the canonical text."""

    def __init__(self, name: str) -> None:
        """Say which form was asked for."""
        super().__init__(f"a schema of this type has no format {name!r}")
        self.name = name


class BoundExceeded(InvalidSchema):
    """A schema, or the comparison of two, takes more than a bound with a name allows."""


class SubjectNotFound(RegistryError):
    """There is no such subject, or no such context."""


class VersionNotFound(RegistryError):
    """The subject has no such version."""


class SchemaNotFound(RegistryError):
    """There is no schema of that id, GUID or content."""


class SubjectSoftDeleted(RegistryError):
    """All versions are deleted softly already."""


class SubjectNotSoftDeleted(RegistryError):
    """It has to be deleted softly first."""


class VersionSoftDeleted(RegistryError):
    """The version is deleted softly already."""


class VersionNotSoftDeleted(RegistryError):
    """It has to be deleted softly first."""


class CompatibilityNotConfigured(RegistryError):
    """The subject has no settings of its own."""


class ModeNotConfigured(RegistryError):
    """The subject has no mode of its own."""


class AssociationNotFound(RegistryError):
    """There is no such association."""


class IncompatibleSchema(RegistryError):
    """An earlier version could not be read any more, or could not read what is new."""


class AssociationExists(RegistryError):
    """The resource has another association of that type."""


class SubjectAssociated(RegistryError):
    """The subject is another resource's, and one of the two wants it for itself."""


class SubjectHasStrongAssociation(RegistryError):
    """The subject belongs to a resource and lives with it."""


class TooManyAssociations(RegistryError):
    """A resource has no more associations than a bound."""


class NoActiveVersion(RegistryError):
    """A subject has to have a version before it can be associated."""


class AssociationFrozen(RegistryError):
    """The association is frozen: neither it nor its subject changes."""


class InvalidVersion(RegistryError):
    """A version is 1 to 2^31 - 1, -1 or ``latest``."""


class InvalidCompatibilityLevel(RegistryError):
    """There is no such level, or no such policy."""


class InvalidMode(RegistryError):
    """There is no such mode, or not there."""


class OperationNotPermitted(RegistryError):
    """The mode does not allow it."""


class ReferenceExists(RegistryError):
    """Another schema refers to it."""


class IdDoesNotMatch(RegistryError):
    """The schema is there under another id."""


class InvalidSubject(RegistryError):
    """The name is none that a subject may have, or not for this."""


class SchemaTooLarge(RegistryError):
    """The text is longer than the bound."""


class InvalidRuleSet(RegistryError):
    """A rule is none, or two have the same name."""


class ContextNotEmpty(RegistryError):
    """The context has subjects."""


class InvalidAssociation(RegistryError):
    """The association is none."""


class InvalidRequest(RegistryError):
    """A request that cannot be understood."""


class StoreUnavailable(RegistryError):
    """The database cannot be asked now; of a change it is unknown whether it was made."""


class AuditUnavailable(RegistryError):
    """It cannot be written down who makes a change; nothing was changed."""


class StoreConflict(RegistryError):
    """Others changed the same thing again and again; nothing was changed."""
