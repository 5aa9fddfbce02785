"""Scopes narrow what a credential may be used for."""

import pytest

from app.security.acls import Operation
from app.security.authorizer.scopes import SCOPES, covers


@pytest.mark.parametrize("operation", Operation)
def test_a_credential_without_scopes_is_not_narrowed(operation: Operation) -> None:
    assert covers(None, operation)


@pytest.mark.parametrize("operation", Operation)
def test_no_scope_leaves_nothing(operation: Operation) -> None:
    assert not covers(frozenset(), operation)
    assert not covers(frozenset({"unheard-of"}), operation)


def test_one_that_reads_cannot_write_and_one_that_writes_cannot_read() -> None:
    assert covers(frozenset({"read"}), Operation.READ)
    assert not covers(frozenset({"read"}), Operation.WRITE)
    assert not covers(frozenset({"write"}), Operation.READ)
    assert not covers(frozenset({"read", "write"}), Operation.DELETE)


def test_all_scopes_together_leave_everything() -> None:
    assert all(covers(frozenset(SCOPES), one) for one in Operation if one is not Operation.ALL)
