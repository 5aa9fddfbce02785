"""What is wrong with a client's bytes: one family, so that one place closes the connection."""

import pytest

from app.wire import errors
from app.wire.errors import FrameRefused, MalformedMessage, UnservedRequest, WireError


@pytest.mark.parametrize("error", [FrameRefused, MalformedMessage, UnservedRequest])
def test_every_error_is_of_the_family_and_none_of_another(error: type[WireError]) -> None:
    family = [MalformedMessage, UnservedRequest, FrameRefused]

    with pytest.raises(WireError, match="why"):
        raise error("why")
    assert not any(issubclass(error, other) for other in family if other is not error)


def test_no_error_stands_outside_the_family() -> None:
    raised = [
        one for one in vars(errors).values() if isinstance(one, type) and one is not WireError
    ]

    assert raised
    assert all(issubclass(one, WireError) for one in raised)
