"""The floor of streams: the node's HTTP and WebSocket stack with nothing behind it.

``/repeat`` sends the first message that came so often as the second says, ``/answer`` sends it for
each message after it, ``/relay`` passes every message on to all sockets at ``/reader``; over HTTP
``/stream?times=n&size=m`` streams so many pieces of so many bytes.
"""

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])

END = b"event: done\n\n"


class EchoServer:
    """The floor, in a process of its own."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process = subprocess.Popen([sys.executable, __file__, str(self.port)])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class _Echo:
    """The application."""

    def __init__(self) -> None:
        self._readers: set[Any] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await _stream(scope, send)
            return
        from app.api.ws.protocol import SOCKET

        await receive()
        protocols = scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": protocols[0] if protocols else None})
        peer = scope["extensions"][SOCKET]
        if scope["path"] == "/relay":
            await self._relay(receive)
        elif scope["path"] == "/reader":
            self._readers.add(peer)
            async for _ in _messages(receive):
                pass
            self._readers.discard(peer)
        else:
            await _send_again(peer, receive, is_once=scope["path"] == "/answer")

    async def _relay(self, receive: Any) -> None:
        async for data, is_text in _messages(receive):
            for reader in self._readers:
                reader.write_message(data, is_text=is_text)


async def _send_again(peer: Any, receive: Any, *, is_once: bool) -> None:
    messages = _messages(receive)
    kept, is_text = await messages.__anext__()
    async for data, _ in messages:
        for _ in range(1 if is_once else int(data)):
            await peer.wait_writable()
            peer.write_message(kept, is_text=is_text)
            if not is_once:
                await asyncio.sleep(0)


async def _messages(receive: Any) -> Any:
    """Yield messages and whether each is a text, until the client leaves."""
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        yield (message["bytes"], False) if text is None else (text.encode(), True)


async def _stream(scope: Any, send: Any) -> None:
    times, size = (int(one.split(b"=")[1]) for one in scope["query_string"].split(b"&"))
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    piece = b"x" * size
    for _ in range(times):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": END})


async def _serve(port: int) -> None:
    import uvicorn

    from app.api.http_protocol import GuardedHttpProtocol
    from app.api.ws.limits import FRAME_BYTES_MAX
    from app.api.ws.protocol import GuardedWebSocketProtocol

    config = uvicorn.Config(
        _Echo(),
        port=port,
        http=GuardedHttpProtocol,
        ws=GuardedWebSocketProtocol,
        ws_max_size=FRAME_BYTES_MAX,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="critical",
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
