import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ws.close_codes import ADVICE, CloseCode, close_reason
from cauce.client.streaming.comebacks import LONGEST_WAIT_S, Backoff, after_close, may_pass


@pytest.mark.parametrize("code", [code for code in CloseCode if code is not CloseCode.NORMAL])
def test_the_advice_of_the_server_is_followed(code: CloseCode) -> None:
    found = after_close(code, close_reason(code, "because"))

    retry_ms = ADVICE[code].retry_ms
    assert found.retry is (retry_ms is not None)
    assert found.wait_s == (retry_ms or 0) / 1000
    assert found.reason == "because"


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        *((code, True) for code in (1001, 1006, 1011, 1012, 4408)),
        *((code, False) for code in (1002, 1009, 4000, 4401)),
    ],
)
def test_codes_of_others_are_judged_by_themselves(code: int, retry: bool) -> None:
    assert after_close(code, "not JSON").retry is retry
    assert after_close(code, "").reason


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 100))
def test_waits_grow_and_stay_within_bounds(chances: list[float], wanted_s: float) -> None:
    backoff = Backoff()

    waits = [backoff.next_wait_s(chance, wanted_s) for chance in chances]

    least = min(wanted_s, LONGEST_WAIT_S) / 2
    assert all(least <= wait <= LONGEST_WAIT_S for wait in waits)


def test_waits_begin_anew_after_a_success() -> None:
    backoff = Backoff(first_s=1.0)

    assert [backoff.next_wait_s(1.0) for _ in range(5)] == [1, 2, 4, 8, 10]
    backoff.reset()
    assert backoff.next_wait_s(0.0) == 0.5


def test_refused_handshakes_may_pass_when_the_server_is_busy() -> None:
    assert may_pass(503)
    assert not may_pass(404)
