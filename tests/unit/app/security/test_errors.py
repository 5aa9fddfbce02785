"""A refused login says nothing to who was refused."""

from app.security.errors import MESSAGE, AuthenticationFailed


def test_reason_is_not_in_what_the_party_is_told() -> None:
    refusal = AuthenticationFailed("unknown user", retry_after_s=2.5)

    assert str(refusal) == MESSAGE
    assert "unknown" not in repr(refusal)
    assert (refusal.log_reason, refusal.retry_after_s) == ("unknown user", 2.5)
