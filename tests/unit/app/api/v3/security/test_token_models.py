"""Models of the token routes."""

from typing import get_args

from app.api.v3.security.token_models import SCRAM_GRANT, GrantType, TokenRequest


def test_grant_of_our_own_is_one_that_may_be_asked_for() -> None:
    assert SCRAM_GRANT in get_args(GrantType)
    assert TokenRequest(grant_type=SCRAM_GRANT).message is None
