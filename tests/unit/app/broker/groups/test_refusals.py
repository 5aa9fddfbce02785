import pytest

from app.broker.errors import GroupIdNotFound
from app.broker.groups.refusals import group_error, require_done
from app.coordinators.groups.error_codes import ErrorCode

ADMIN_CODES = [
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.INVALID_GROUP_ID,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.REBALANCE_IN_PROGRESS,
    ErrorCode.INVALID_COMMIT_OFFSET_SIZE,
    ErrorCode.NON_EMPTY_GROUP,
    ErrorCode.GROUP_ID_NOT_FOUND,
    ErrorCode.GROUP_MAX_SIZE_REACHED,
]


@pytest.mark.parametrize("error", ADMIN_CODES)
def test_a_refusal_keeps_number_and_name_and_says_which_group(error: ErrorCode) -> None:
    refusal = group_error(error, "orders")

    assert (refusal.code, refusal.name) == (error.value, error.name)
    assert str(refusal).startswith("Group 'orders': ")


def test_success_is_not_raised() -> None:
    require_done(ErrorCode.NONE, "g")
    with pytest.raises(GroupIdNotFound):
        require_done(ErrorCode.GROUP_ID_NOT_FOUND, "g")
