"""Provider's keys: when they are fetched, from where, and what is no answer."""

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.security.tokens.compact import BadToken
from app.security.tokens.provider_keys import DOCUMENT_BYTES_MAX, REFETCH_S, ProviderKeys
from tests.support.security.certificates import write_pair
from tests.support.security.login import MovedClock
from tests.support.security.provider import LocalProvider, local_provider


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    async with local_provider() as running:
        yield running


async def unknown(keys: ProviderKeys, key_id: str, algorithm: str = "RS256") -> None:
    with pytest.raises(BadToken):
        await keys.find(key_id, algorithm)


async def test_unknown_keys_are_fetched_once_for_all_and_not_again_for_some_seconds(
    provider: LocalProvider,
) -> None:
    clock = MovedClock()
    keys = ProviderKeys(provider.url, clock)

    await asyncio.gather(*(keys.find("rsa-1", "RS256") for _ in range(20)))
    await asyncio.gather(*(unknown(keys, f"made-up-{one}") for one in range(100)))

    assert len(provider.asked) == 1
    clock.seconds += REFETCH_S
    await asyncio.gather(*(unknown(keys, f"made-up-{one}") for one in range(100)))
    assert len(provider.asked) == 2
    assert keys.version == 1


async def test_rotated_keys_are_found_and_old_ones_are_gone(provider: LocalProvider) -> None:
    clock = MovedClock()
    keys = ProviderKeys(provider.url, clock)
    await keys.find("rsa-1", "RS256")

    provider.rotate()
    (new,) = provider.keys
    await unknown(keys, new, "ES256")
    clock.seconds += REFETCH_S
    await keys.find(new, "ES256")

    await unknown(keys, "rsa-1")
    assert keys.version == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\n\r\n" + b'{"keys":[]}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (DOCUMENT_BYTES_MAX + 1),
        b"SSH-2.0\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_key_set_leaves_the_keys_that_were_known(
    provider: LocalProvider, answer: bytes
) -> None:
    clock = MovedClock()
    keys = ProviderKeys(provider.url, clock)
    await keys.find("rsa-1", "RS256")

    provider.answer = answer
    clock.seconds += REFETCH_S
    await unknown(keys, "other")

    await keys.find("rsa-1", "RS256")
    assert (len(provider.asked), keys.version) == (2, 1)


async def test_keys_are_asked_for_as_they_are_and_nothing_is_unpacked(
    provider: LocalProvider,
) -> None:
    packed = json.dumps(provider.document).encode()
    for _ in range(3):
        packed = gzip.compress(packed)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip\r\nContent-Length: %d\r\n\r\n"
    provider.answer = head % len(packed) + packed

    await unknown(ProviderKeys(provider.url, MovedClock()), "rsa-1")

    (asked,) = provider.asked
    assert "accept-encoding: identity\r\n" in asked.lower()


async def test_provider_that_is_away_is_no_failure_of_the_node() -> None:
    keys = ProviderKeys("http://127.0.0.1:1/jwks", MovedClock())

    running = asyncio.create_task(keys.run())
    await unknown(keys, "x")
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_provider_is_believed_by_the_authority_that_was_named(tmp_path: Path) -> None:
    authority, stranger = write_pair(tmp_path, "authority"), write_pair(tmp_path, "stranger")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_pair(tmp_path, "provider", signer=authority))
    async with local_provider(context) as provider:
        for ca_file in (None, stranger[0], tmp_path / "absent.pem"):
            await unknown(ProviderKeys(provider.url, MovedClock(), ca_file=ca_file), "rsa-1")
        assert provider.asked == []

        keys = ProviderKeys(provider.url, MovedClock(), ca_file=authority[0])
        await keys.find("rsa-1", "RS256")
        assert len(provider.asked) == 1
