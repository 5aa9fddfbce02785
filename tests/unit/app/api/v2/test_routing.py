import pytest

from app.api.v2.routing import is_of_v2, without_trailing_slash
from tests.support.application import RunningApplication

V2 = "application/vnd.kafka.v2+json"


@pytest.mark.parametrize(
    ("path", "routed"),
    [
        ("/topics/", "/topics"),
        ("/consumers/g/instances/i/", "/consumers/g/instances/i"),
        ("/topics//", "/topics/"),
        ("/topics", "/topics"),
        ("/topicsy/", "/topicsy/"),
        ("/v3/", "/v3/"),
        ("/", "/"),
    ],
)
def test_slash_at_the_end_means_nothing_here_and_something_elsewhere(
    path: str, routed: str
) -> None:
    assert without_trailing_slash(path) == routed
    assert is_of_v2(path) == (path.split("/")[1] in ("topics", "consumers"))


@pytest.mark.parametrize(
    ("accept", "status", "kind"),
    [
        ("*/*", 200, V2),
        ("application/json", 200, "application/json"),
        ("application/vnd.kafka.v2+json, application/json", 200, V2),
        ("text/html", 406, V2),
    ],
)
async def test_answer_is_of_the_type_that_is_wanted(
    running: RunningApplication, accept: str, status: int, kind: str
) -> None:
    answer = await running.client.get("/topics", headers={"accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/topics", 405),
        ("GET", "/topics/t/nothing", 404),
        ("POST", "/topics/t/nothing", 404),
        ("GET", "/brokers/1", 404),
    ],
)
async def test_errors_of_the_router_are_of_its_type_too(
    running: RunningApplication, method: str, path: str, status: int
) -> None:
    answer = await running.client.request(method, path)

    assert (answer.status_code, answer.json()["error_code"]) == (status, status)
    assert answer.headers["content-type"] == V2


async def test_root_is_everybody_s(running: RunningApplication) -> None:
    welcome = await running.client.get("/")
    nothing = await running.client.get("/", headers={"accept": f"{V2}, application/json"})

    assert welcome.json()["name"] == "cauce"
    assert (nothing.json(), nothing.headers["content-type"]) == ({}, V2)
