from typing import Any

import pytest

from app.api.errors import ApiError
from app.api.v2.consumer_models import V2CreateConsumerRequest
from app.api.v2.consumer_settings import OWN_WAIT, check_name, session_settings
from app.api.v2.dialects import DIALECTS
from app.consumers.model import DecodePolicy, OffsetReset, SessionSettings


def settings(dialect: str = "cauce", **given: Any) -> SessionSettings:
    """Return the settings of a request; in the names `_` stands for a dot."""
    body = {name.replace("_", "."): value for name, value in given.items()}
    wanted = V2CreateConsumerRequest.model_validate(body)
    return session_settings("g", "i", wanted, DIALECTS[dialect])


def test_what_is_left_out_is_the_dialect_s() -> None:
    found = settings()

    assert (found.group, found.name, found.is_durable) == ("g", "i", True)
    assert (found.format, found.decode_policy) == ("binary", DecodePolicy.RAW)
    assert (found.auto_offset_reset, found.auto_commit) == (OffsetReset.LATEST, True)
    assert (found.is_committed, found.fetch_min_bytes) == (False, 1)
    assert (found.request_wait_ms, OWN_WAIT in found.extras) == (1_000, False)
    assert settings("karapace").auto_offset_reset is OffsetReset.EARLIEST
    assert settings("karapace").request_wait_ms == 11_000
    assert settings("redpanda").auto_commit is False


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"format": "JSON"}, "format", "json"),
        ({"auto_offset_reset": "earliest"}, "auto_offset_reset", OffsetReset.EARLIEST),
        ({"auto_offset_reset": "none"}, "auto_offset_reset", OffsetReset.NONE),
        ({"auto_commit_enable": "false"}, "auto_commit", False),
        ({"auto_commit_enable": False}, "auto_commit", False),
        ({"enable_auto_commit": False}, "auto_commit", False),
        ({"enable_auto_commit": "TRUE"}, "auto_commit", True),
        ({"auto_commit_enable": False, "enable_auto_commit": "false"}, "auto_commit", False),
        ({"isolation_level": "read_committed"}, "is_committed", True),
        ({"isolation_level": "read_uncommitted"}, "is_committed", False),
        ({"fetch_min_bytes": "500"}, "fetch_min_bytes", 500),
        ({"fetch_min_bytes": -1}, "fetch_min_bytes", 1),
        ({"consumer_request_timeout_ms": "5"}, "request_wait_ms", 5),
        ({"consumer_request_timeout_ms": 300_000}, "request_wait_ms", 60_000),
        ({"consumer_request_timeout_ms": 5}, "extras", {OWN_WAIT: "true"}),
        ({"decode_policy": "fail"}, "decode_policy", DecodePolicy.FAIL),
    ],
)
def test_setting_is_what_was_asked(given: dict[str, Any], field: str, value: object) -> None:
    assert getattr(settings(**given), field) == value


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"format": "xml"}, 42204),
        ({"auto_offset_reset": "bar"}, 42204),
        ({"auto_commit_enable": "maybe"}, 42204),
        ({"auto_commit_enable": "true", "enable_auto_commit": False}, 42204),
        ({"isolation_level": "serializable"}, 42204),
        ({"decode_policy": "explode"}, 42204),
        ({"fetch_min_bytes": "many"}, 42204),
        ({"fetch_min_bytes": 10_000_001}, 40001),
        ({"fetch_min_bytes": -2}, 40001),
        ({"fetch_min_bytes": "9" * 5_000}, 40001),
        ({"consumer_request_timeout_ms": -1}, 40001),
    ],
)
def test_setting_that_is_none_is_refused(given: dict[str, Any], code: int) -> None:
    with pytest.raises(ApiError) as refused:
        settings(**given)

    assert (refused.value.status, refused.value.error_code) == (422, code)


@pytest.mark.parametrize("name", ["", "a/b", ".", ".."])
def test_name_must_fit_a_path(name: str) -> None:
    assert check_name("a name") == "a name"
    with pytest.raises(ApiError):
        check_name(name)
