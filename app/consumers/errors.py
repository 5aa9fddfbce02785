"""What a session may refuse beside the refusals of the verbs.

Where Kafka has a number for it the class carries it; the rest are of its client, not its protocol.
"""

from app.broker.errors import BrokerError


class SessionError(BrokerError):
    """A session refuses; nothing was changed."""


class SessionNotFound(SessionError):
    """There is no session of that name in the group, or it was deleted or has expired."""

    name = "SESSION_NOT_FOUND"


class SessionExists(SessionError):
    """The group has a session of that name."""

    name = "SESSION_EXISTS"


class TooManySessions(SessionError):
    """There are as many sessions as there may be."""

    name = "TOO_MANY_SESSIONS"
    retriable = True


class SessionsLoading(SessionError):
    """The sessions of before the restart are still being read."""

    code = 14
    name = "COORDINATOR_LOAD_IN_PROGRESS"
    retriable = True


class InvalidSettings(SessionError):
    """A setting of the session is not one there is, or out of its bounds."""

    code = 40
    name = "INVALID_CONFIG"


class IllegalSessionState(SessionError):
    """What is asked does not go with what the session does now (Kafka's client: the same)."""

    name = "ILLEGAL_STATE"


class NotAssigned(IllegalSessionState):
    """The partition is not one that the session reads."""


class SessionFenced(SessionError):
    """Somebody else has joined the group under the session's name; it reads nothing any more."""

    code = 82
    name = "FENCED_INSTANCE_ID"


class GroupRefuses(SessionError):
    """The group does not take the session as a member; it tries again."""

    code = 23
    name = "INCONSISTENT_GROUP_PROTOCOL"


class NoOffsetForPartition(SessionError):
    """Nothing is committed where to begin, and the session is told not to choose."""

    name = "NO_OFFSET_FOR_PARTITION"


class LogTruncated(SessionError):
    """Records that the session has read are not in the log any more (KIP-320)."""

    name = "LOG_TRUNCATION"

    def __init__(self, message: str, end_offset: int) -> None:
        super().__init__(message)
        self.end_offset = end_offset
        """Up to here what was read is the same as what the log holds."""
