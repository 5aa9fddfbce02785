"""Bodies of users and keys: a password is not shown by the body that brings it."""

import pytest
from pydantic import ValidationError

from app.api.v3.security.user_models import (
    AlterUserRequest,
    CreateApiKeyRequest,
    CreateUserRequest,
)


def test_password_is_not_in_what_a_body_shows() -> None:
    body = '{"name": "a", "password": "canary-password"}'
    wanted = CreateUserRequest.model_validate_json(body)

    assert "canary" not in repr(wanted) + str(wanted)
    assert wanted.password is not None
    assert wanted.password.get_secret_value() == "canary-password"


@pytest.mark.parametrize("body", ["{}", '{"password": 12345678}', '{"password": null}'])
def test_alteration_needs_a_password(body: str) -> None:
    with pytest.raises(ValidationError):
        AlterUserRequest.model_validate_json(body)


def test_key_without_more_is_of_all_scopes_and_without_an_end() -> None:
    wanted = CreateApiKeyRequest.model_validate_json('{"user": "a"}')

    assert (wanted.scopes, wanted.expires_at_ms, wanted.description) == (None, None, "")
