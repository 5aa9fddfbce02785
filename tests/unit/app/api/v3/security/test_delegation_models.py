"""The bodies of delegation tokens."""

import pytest
from pydantic import ValidationError

from app.api.v3.security.delegation_models import (
    CreateDelegationTokenBody,
    RenewDelegationTokenBody,
)


def test_nothing_said_is_ones_own_token_for_the_configured_time() -> None:
    wanted = CreateDelegationTokenBody()

    assert (wanted.owner, wanted.renewers, wanted.max_lifetime_ms) == (None, [], None)
    assert RenewDelegationTokenBody().period_ms is None


@pytest.mark.parametrize("renewers", [["bob"], ["User:" + "x" * 251], ["User:b"] * 101])
def test_what_names_no_principals_is_refused(renewers: list[str]) -> None:
    with pytest.raises(ValidationError):
        CreateDelegationTokenBody(renewers=renewers)
