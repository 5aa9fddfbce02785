"""How much they may use: the quota that throttles nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.principal import Principal
from app.security.quotas import Quotas, Unlimited


@pytest.mark.parametrize("use", ["produced", "fetched", "mutated"])
@given(name=st.text(), amounts=st.lists(st.integers(0, 2**63), max_size=5))
def test_nobody_is_throttled_however_much_was_used(use: str, name: str, amounts: list[int]) -> None:
    quotas: Quotas = Unlimited()

    throttles = [getattr(quotas, use)(Principal(name), amount) for amount in amounts]

    assert throttles == [0] * len(amounts)
