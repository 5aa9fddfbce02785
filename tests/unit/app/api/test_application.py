"""The application knows every route under a name that clients are generated from."""

from app.api.application import build_application
from tests.support.application import TOPICS, RunningApplication


def test_every_route_has_an_operation_id_of_its_own_and_a_tag_that_is_described() -> None:
    document = build_application().openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]

    names = [one["operationId"] for one in operations]
    tags = {tag for one in operations for tag in one["tags"]}

    assert all(name.isalnum() for name in names), "none is FastAPI's own, with underscores"
    assert len(set(names)) == len(names)
    assert tags == {one["name"] for one in document["tags"]}


async def test_unknown_path_and_a_slash_too_many_are_not_found(running: RunningApplication) -> None:
    for path in ("/nothing", f"{TOPICS}/", "/docs", "/redoc"):
        answer = await running.client.get(path)

        assert (answer.status_code, answer.json()["error_code"]) == (404, 404)
