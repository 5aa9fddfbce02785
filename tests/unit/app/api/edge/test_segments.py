"""What clients tell apart in a path stays apart."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from app.api.edge.segments import WholeSegments, whole


async def path_of(raw: str) -> str:
    """Return the path that the application is given."""
    seen: list[str] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["path"])

    async def receive() -> Message:
        raise AssertionError("nobody asks for the body")

    async def send(_message: Message) -> None:
        raise AssertionError("nobody answers")

    scope = {"type": "http", "raw_path": raw.encode(), "path": "as the server decoded it"}
    await WholeSegments(application)(scope, receive, send)
    return seen[0]


async def test_a_path_without_slashes_in_segments_is_passed_on() -> None:
    assert await path_of("/groups/a%20b/lags") == "as the server decoded it"


@given(st.text(), st.text())
async def test_segments_come_whole(first: str, second: str) -> None:
    raw = f"/{quote(first, safe='', errors='replace')}/{quote(second, safe='', errors='replace')}"

    path = await path_of(f"{raw}/%2F")

    assert [whole(one) for one in path.split("/")[1:]] == [
        *(one.encode(errors="replace").decode() for one in (first, second)),
        "/",
    ]
