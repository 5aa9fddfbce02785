"""Provider's keys: fetched from the configured address alone, kept, and fetched anew.

They are fetched at the start, each hour, and when a token names a key that is not known, as after a
rotation; for unknown keys at most every few seconds, whoever asks, so that made-up ids cannot make
the node a flood for its provider. Callers that wait share one fetch.

Invariants:
    No address of a token is ever asked; redirects are not followed; proxies of the environment
    are not used.
    A fetch ends within ``FETCH_S`` and reads at most ``DOCUMENT_BYTES_MAX``, as they are sent.
    ``version`` changes whenever the keys do. While the provider is away its last keys stay.
Called by: oidc, node_security. Calls: httpx, key_set.
"""

import asyncio
import logging
import ssl
from pathlib import Path

import httpx

from app.security.tokens.compact import BadToken
from app.security.tokens.key_set import BadKeySet, KeySet, read_key_set
from app.security.tokens.signatures import Key
from app.telemetry.clock import Clock

_logger = logging.getLogger(__name__)

REFRESH_S = 3600.0
REFETCH_S = 5.0
"""Between two fetches, whatever for."""

FETCH_S = 10.0
DOCUMENT_BYTES_MAX = 256 * 1024

_ASKED = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Nothing is unpacked: some hundred bytes may stand for gigabytes."""


class ProviderKeys:
    """The keys at one address."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        ca_file: Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Fetch nothing yet.

        Args:
            url: Where they are published.
            clock: Of this node.
            ca_file: Who signs that place's certificate, in PEM, read at each fetch; the machine's
                authorities if None.
            transport: What is asked in the place of the network, if not None.
        """
        self._url = url
        self._clock = clock
        self._ca_file = ca_file
        self._transport = transport
        self._keys: KeySet | None = None
        self._lock = asyncio.Lock()
        self._next_fetch = 0.0
        self.version = 0
        """Another number than before means that the keys changed."""

    async def find(self, key_id: str | None, algorithm: str) -> Key:
        """Return the key that a token names.

        Raises:
            BadToken: There is none.
        """
        key = self._find(key_id, algorithm)
        if key is None:
            async with self._lock:
                key = self._find(key_id, algorithm)  # somebody may have fetched it meanwhile
                if key is None and self._clock.monotonic() >= self._next_fetch:
                    await self._fetch()
                    key = self._find(key_id, algorithm)
        if key is None:
            raise BadToken("a token of a key that the provider has not")
        return key

    async def run(self) -> None:
        """Fetch now and each hour, sooner after a failure, until cancelled."""
        while True:
            async with self._lock:
                good = await self._fetch()
            await asyncio.sleep(REFRESH_S if good else REFETCH_S * 6)

    def _find(self, key_id: str | None, algorithm: str) -> Key | None:
        return None if self._keys is None else self._keys.find(key_id, algorithm)

    async def _fetch(self) -> bool:
        try:
            async with asyncio.timeout(FETCH_S):
                found = read_key_set(await self._document())
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, BadKeySet) as error:
            _logger.warning("keys of the identity provider: %s: %s", type(error).__name__, error)
            return False
        finally:
            self._next_fetch = self._clock.monotonic() + REFETCH_S
        if self._keys is None or not self._keys.is_same_as(found):
            self._keys = found
            self.version += 1
            _logger.info("the identity provider has %d keys", len(found))
        return True

    async def _document(self) -> bytes:
        text = b""
        # reads all authorities of the machine, which takes longer than the loop has
        context = await asyncio.to_thread(ssl.create_default_context, cafile=self._ca_file)
        async with (
            httpx.AsyncClient(
                follow_redirects=False,
                timeout=FETCH_S,
                trust_env=False,
                transport=self._transport,
                verify=context,
            ) as client,
            client.stream("GET", self._url, headers=_ASKED) as answer,
        ):
            if answer.status_code != 200:
                raise BadKeySet(f"status {answer.status_code}")
            async for piece in answer.aiter_raw(64 * 1024):
                text += piece
                if len(text) > DOCUMENT_BYTES_MAX:
                    raise BadKeySet(f"it is larger than {DOCUMENT_BYTES_MAX} bytes")
        return text
