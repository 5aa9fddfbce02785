"""What a group answers instead, as the refusals of verbs."""

from app.broker import errors
from app.broker.errors import BrokerError
from app.coordinators.groups.error_codes import ErrorCode

_BY_CODE: dict[int, type[BrokerError]] = {
    one.code: one
    for one in (
        errors.CoordinatorLoadInProgress,
        errors.CoordinatorNotAvailable,
        errors.NotCoordinator,
        errors.IllegalGeneration,
        errors.InvalidGroupId,
        errors.UnknownMemberId,
        errors.RebalanceInProgress,
        errors.NonEmptyGroup,
        errors.GroupIdNotFound,
        errors.GroupMaxSizeReached,
        errors.InvalidCommitOffsetSize,
    )
}

_WORDS = {
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS: "its coordinator is still reading it.",
    ErrorCode.COORDINATOR_NOT_AVAILABLE: "it has no coordinator at the moment.",
    ErrorCode.NOT_COORDINATOR: "another node coordinates it.",
    ErrorCode.ILLEGAL_GENERATION: "it is in another generation.",
    ErrorCode.INVALID_GROUP_ID: "a group id must not be empty.",
    ErrorCode.UNKNOWN_MEMBER_ID: "it has members, and only they commit.",
    ErrorCode.REBALANCE_IN_PROGRESS: "it is being rebalanced.",
    ErrorCode.NON_EMPTY_GROUP: "it has members.",
    ErrorCode.GROUP_ID_NOT_FOUND: "there is no such group.",
    ErrorCode.GROUP_MAX_SIZE_REACHED: "there are as many groups as there may be.",
    ErrorCode.INVALID_COMMIT_OFFSET_SIZE: "the offsets are too much for one commit.",
}


def group_error(error: ErrorCode, group_id: str) -> BrokerError:
    """Return the refusal of an error code, in words."""
    kind = _BY_CODE[error]
    return kind(f"Group {group_id!r}: {_WORDS[error]}")


def require_done(error: ErrorCode, group_id: str) -> None:
    """Raise what an error code means, unless it means success.

    Raises:
        BrokerError: It does not.
    """
    if error is not ErrorCode.NONE:
        raise group_error(error, group_id)
