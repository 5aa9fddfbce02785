"""Guard: who may ask what of the registry. Whoever runs the door answers; the rules are here.

Witness: who is told of changes, before they are made and when they are. It need not have a guard.

A route with a subject in its path is asked about before anything is looked up, so that a refusal
says nothing of what there is. Routes that list, or that find schemas by id, leave out what may not
be seen; a schema that no visible subject has is not found. On a guarded door the answers do not
hint at other subjects either.

What a schema refers to, and what an alias stands for, must be readable to whoever says so: both
would show it. A subject's name is that of its context as well, as in ``:.context:subject``.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Any, Protocol

from schema_registry.subjects import Subject


class Access(Enum):
    """What may be done to a subject, or to the settings of all (Kafka's words for operations)."""

    READ = "READ"
    WRITE = "WRITE"
    DELETE = "DELETE"
    ALTER = "ALTER"
    DESCRIBE = "DESCRIBE"
    DESCRIBE_CONFIGS = "DESCRIBE_CONFIGS"
    ALTER_CONFIGS = "ALTER_CONFIGS"


class Guard(Protocol):
    """Decides who may."""

    def may(self, scope: Any, access: Access, subject: str | None) -> bool:
        """Return whether whoever sent a request may.

        Args:
            scope: The request's, as ASGI has it.
            access: What it wants to do.
            subject: To which; None for the registry as a whole.
        """
        ...

    def note_denied(self, scope: Any, access: Access, subject: str | None) -> None:
        """Take note that whoever sent a request was refused, as ``may`` said; never waits.

        Once for a request that is refused, and never for what a list leaves out.
        """
        ...


class Witness(Protocol):
    """Writes down who changes what."""

    def change(
        self, scope: Any, access: Access, subject: str | None, verb: str, items: Sequence[str]
    ) -> AbstractAsyncContextManager[list[str]]:
        """Write down a change that the block makes, once for each verb that a request comes to.

        What it is given takes names that only making the change tells, as the number of a version.

        Args:
            scope: The request's, as ASGI has it.
            access: What it was asked for, whether or not there is a guard.
            subject: Of which; None for the registry as a whole.
            verb: What is done, as ``RegisterSchema``.
            items: Names of what is changed, without values.

        Raises:
            AuditUnavailable: It cannot be written down; the block did not begin.
        """
        ...


May = Callable[[Access, str | None], bool]

CHANGES = frozenset({Access.WRITE, Access.DELETE, Access.ALTER, Access.ALTER_CONFIGS})
"""What whoever changes something needs."""


class AccessDenied(Exception):
    """Whoever asks may not."""

    def __init__(self, access: Access, subject: str | None) -> None:
        what = "this server" if subject is None else f"Subject: {subject}"
        super().__init__(f"User is denied operation {access.value} on {what}")
        self.access = access
        self.subject = subject


RULES: Mapping[str, Access | None] = {
    "listSubjects": None,  # those that may be described
    "lookUpSchema": Access.READ,
    "deleteSubject": Access.DELETE,
    "getVersionByMetadata": Access.READ,
    "listVersions": Access.DESCRIBE,
    "registerSchema": Access.WRITE,
    "getVersion": Access.READ,
    "deleteVersion": Access.DELETE,
    "getVersionText": Access.READ,
    "listReferencing": Access.READ,
    "changeTags": Access.WRITE,
    "listSchemas": None,  # those that may be read
    "listSchemaTypes": None,
    "getSchema": None,  # if a subject that has it may be read
    "getSchemaText": None,
    "listSchemaSubjects": None,
    "listSchemaVersions": None,
    "getSchemaByGuid": None,
    "listIdsOfGuid": None,
    "checkVersion": Access.READ,
    "checkSubject": Access.READ,
    "getConfig": Access.DESCRIBE_CONFIGS,
    "putConfig": Access.ALTER_CONFIGS,
    "deleteConfig": Access.ALTER_CONFIGS,
    "getSubjectConfig": Access.DESCRIBE_CONFIGS,
    "putSubjectConfig": Access.ALTER_CONFIGS,
    "deleteSubjectConfig": Access.ALTER_CONFIGS,
    "getMode": Access.DESCRIBE_CONFIGS,
    "putMode": Access.ALTER_CONFIGS,
    "deleteMode": Access.ALTER_CONFIGS,
    "getSubjectMode": Access.DESCRIBE_CONFIGS,
    "putSubjectMode": Access.ALTER_CONFIGS,
    "deleteSubjectMode": Access.ALTER_CONFIGS,
    "listContexts": Access.DESCRIBE,
    "deleteContext": Access.ALTER_CONFIGS,
    "listAssociationsOfSubject": Access.DESCRIBE,
    "listAssociationsOfResource": None,  # with subjects that may be described
    "listAssociationsOfName": None,
    "batchGetAssociations": None,
    "createAssociations": Access.ALTER,  # they register and delete schemas as well
    "putAssociations": Access.ALTER,
    "deleteAssociations": Access.ALTER,
    "batchMutateAssociations": Access.ALTER,
    "postRoot": None,
    "getRegistryId": None,
    "getRegistryVersion": None,
    "getRegistryDeployment": None,
    "getRegistryHealth": None,
    "getMasterAvailable": None,
}
"""What each route needs, by its name; None where it needs nothing or sees to it itself."""


def name_of(subject: Subject | None) -> str | None:
    """Return what guards and witnesses know a subject by; the default context is all of it."""
    return None if subject is None else str(subject) or None


def require(may: May | None, access: Access, subject: Subject | None) -> None:
    """Refuse unless whoever asks may.

    Args:
        may: Answers; None where nobody is asked.
        access: What for.
        subject: Of which; None, or the default context itself, is the registry as a whole.

    Raises:
        AccessDenied: It may not.
    """
    if may is None:
        return
    name = name_of(subject)
    if not may(access, name):
        raise AccessDenied(access, name)
