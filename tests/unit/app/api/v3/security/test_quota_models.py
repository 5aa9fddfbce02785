"""Bodies of quotas: what reads, and what does not."""

import pytest
from pydantic import ValidationError

from app.api.v3.security.quota_models import AlterQuotasRequest


def test_limits_are_numbers_or_null() -> None:
    text = '{"data": [{"user": "a", "values": {"x": 1, "y": 2.5, "z": null}}]}'

    read = AlterQuotasRequest.model_validate_json(text)

    assert read.data[0].values == {"x": 1.0, "y": 2.5, "z": None}
    assert not read.validate_only


@pytest.mark.parametrize("value", ["-1", "1e30", '"1"', "true", "NaN", "Infinity"])
def test_what_is_no_limit_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        AlterQuotasRequest.model_validate_json(
            '{"data": [{"user": "a", "values": {"x": ' + value + "}}]}"
        )
