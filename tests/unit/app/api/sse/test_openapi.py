import pytest

from app.api.errors import ApiError
from app.api.sse.openapi import TOPIC_PARAMETERS, TOPICS_PARAMETERS
from app.api.sse.query import parse_stream_query


def names(parameters: list[dict[str, object]]) -> list[str]:
    return [str(one["name"]) for one in parameters if one["in"] == "query"]


@pytest.mark.parametrize(
    ("parameters", "topic"), [(TOPIC_PARAMETERS, "t"), (TOPICS_PARAMETERS, None)]
)
def test_what_is_documented_is_what_is_known(
    parameters: list[dict[str, object]], topic: str | None
) -> None:
    for name in names(parameters):
        with pytest.raises(ApiError) as caught:
            parse_stream_query(f"{name}=\0&unknown=1".encode(), topic)
        assert "'unknown'" in caught.value.message
    with pytest.raises(ApiError, match="unknown query parameter 'wait_ms'"):
        parse_stream_query(b"wait_ms=1", topic)


def test_every_parameter_that_is_known_is_documented() -> None:
    from app.api.sse.query import _KNOWN

    assert set(names(TOPIC_PARAMETERS)) == set(_KNOWN)
    assert set(names(TOPICS_PARAMETERS)) == {*_KNOWN, "topic", "pattern"}
