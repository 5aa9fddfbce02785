"""Close codes: each has its advice, and every reason fits a close frame."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws.close_codes import ADVICE, CloseCode, Closing, close_reason
from app.api.ws.limits import REASON_BYTES_MAX


def test_every_code_says_what_it_means_and_whether_to_come_back() -> None:
    assert set(ADVICE) == set(CloseCode)
    assert all(advice.meaning.endswith(".") for advice in ADVICE.values())


@given(st.sampled_from(CloseCode), st.text(max_size=300))
def test_a_reason_is_a_json_text_that_fits_whatever_it_says(code: CloseCode, text: str) -> None:
    written = close_reason(code, text)

    told = json.loads(written)
    assert len(written.encode()) <= REASON_BYTES_MAX
    assert told["retry"] is (ADVICE[code].retry_ms is not None)
    assert told.get("retry_ms") == ADVICE[code].retry_ms


def test_a_short_reason_is_told_whole() -> None:
    told = json.loads(close_reason(CloseCode.TOO_SLOW, 'reads "slowly"'))

    assert told == {"reason": 'reads "slowly"', "retry": True, "retry_ms": 1000}


def test_closing_carries_code_and_reason() -> None:
    with pytest.raises(Closing, match="why") as raised:
        raise Closing(CloseCode.FENCED, "why")

    assert raised.value.code == 4409
