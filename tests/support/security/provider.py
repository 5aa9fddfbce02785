"""An identity provider on loopback: it has keys, publishes them, signs tokens and rotates."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from app.security.tokens.oidc_rules import OidcRules
from app.security.tokens.signatures import sign

ISSUER, AUDIENCE = "https://issuer.test", "cauce"


class LocalProvider:
    """One provider."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"rsa-1": RSAKey.generate_key(2048)}
        self.url = ""
        self.asked: list[str] = []
        """Heads of the requests so far."""

        self.answer: bytes | None = None
        """What is answered in the place of the keys, if anything."""

    def rotate(self) -> None:
        """Have other keys than before."""
        self.keys = {f"ec-{len(self.asked)}": ECKey.generate_key("P-256")}

    @property
    def document(self) -> dict[str, Any]:
        """The keys as they are published."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": name, "use": "sig"}
                for name, key in self.keys.items()
            ]
        }

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token of the newest key; ``...`` takes a claim or parameter away."""
        name, key = list(self.keys.items())[-1]
        now = int(time.time())
        whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "carol", "iat": now, "exp": now + 600}
        head = {"alg": "RS256" if name.startswith("rsa") else "ES256", "kid": name, "typ": "JWT"}
        said = {one: value for one, value in (whole | claims).items() if value is not ...}
        kept = {one: value for one, value in (head | (header or {})).items() if value is not ...}
        return sign(kept, json.dumps(said).encode(), key)

    def rules(self, **changes: Any) -> OidcRules:
        """Return the rules of a node that takes its tokens."""
        given: dict[str, Any] = {
            "jwks_url": self.url,
            "issuer": ISSUER,
            "audiences": frozenset({AUDIENCE}),
            "algorithms": frozenset({"RS256", "ES256"}),
            "name_claim": "sub",
            "skew_ms": 300_000,
        } | changes
        return OidcRules(**given)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = json.dumps(self.document).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        writer.write(self.answer if self.answer is not None else head + body)
        writer.close()


@asynccontextmanager
async def local_provider(tls: ssl.SSLContext | None = None) -> AsyncIterator[LocalProvider]:
    """Run one for the length of the block, over TLS if it is given how."""
    provider = LocalProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, ssl=tls)
    provider.url = (
        f"http{'' if tls is None else 's'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    )
    try:
        yield provider
    finally:
        server.close()
