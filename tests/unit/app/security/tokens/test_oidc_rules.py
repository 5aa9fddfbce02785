"""Rules of OIDC are plain data."""

from tests.support.security.provider import ISSUER, LocalProvider


def test_rules_are_compared_by_what_they_say() -> None:
    provider = LocalProvider()

    assert provider.rules() == provider.rules()
    assert provider.rules(skew_ms=0) != provider.rules()
    assert provider.rules().issuer == ISSUER
