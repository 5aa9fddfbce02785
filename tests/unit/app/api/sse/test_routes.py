from pathlib import Path

from app.api.application import build_application
from tests.support.application import TOPICS, RunningApplication, running_application
from tests.support.sse.events import listening


async def test_node_that_is_not_up_says_so() -> None:
    async with listening(build_application(), f"{TOPICS}/t/records:stream") as found:  # type: ignore[arg-type] # as good as a front
        await found.until_ended()

    assert found.status == 503


async def test_both_paths_lead_to_streams(running: RunningApplication) -> None:
    for path in (
        f"{TOPICS}/t/records:stream?until=end",
        f"{TOPICS}/t/records%3Astream?until=end",
        "/v3/clusters/-/records:stream?until=end&topic=t",
    ):
        answer = await running.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        assert "event: done" in answer.text


async def test_page_of_another_origin_may_listen(tmp_path: Path) -> None:
    page = {"origin": "https://app.test"}
    async with running_application(tmp_path, cors_allowed_origins=(page["origin"],)) as running:
        await running.create_topic("t")
        answer = await running.client.get(f"{TOPICS}/t/records:stream?until=end", headers=page)

    assert answer.headers["access-control-allow-origin"] == "https://app.test"
    assert answer.headers["content-encoding"] == "zstd"
