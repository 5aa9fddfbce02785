"""What sessions refuse, and how the HTTP door words it."""

import pytest

from app.api.errors import status_and_code
from app.broker.errors import BrokerError
from app.consumers import errors

KINDS = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, errors.SessionError)
]


@pytest.mark.parametrize("kind", [one for one in KINDS if one is not errors.SessionError])
def test_every_refusal_has_a_name_and_a_status_of_its_own(kind: type[BrokerError]) -> None:
    error = kind("why", 7) if kind is errors.LogTruncated else kind("why")  # type: ignore[call-arg]

    assert kind.name != BrokerError.name
    assert 400 <= status_and_code(error)[0] < 504
    assert status_and_code(error)[0] != 500
    assert str(error) == "why"
