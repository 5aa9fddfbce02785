"""Bearers: each kind of token to who reads it, and what is remembered."""

import pytest

from app.security.principal import Principal
from app.security.tokens import bearers
from app.security.tokens.access_tokens import LIFE_MS, AccessTokens, Grant
from app.security.tokens.bearers import Bearers
from app.security.tokens.compact import BadToken, Unverified
from app.security.tokens.signatures import sign
from tests.unit.app.security.tokens.test_signatures import RSA

NOW_MS = 1_800_000_000_000
GRANT = Grant(user="alice", generation=1)


class CountedTokens(AccessTokens):
    """Counts what it reads."""

    def __init__(self) -> None:
        super().__init__(b"s" * 32, "c")
        self.read_count = 0

    def read(self, token: str, said: Unverified, now_ms: int) -> Principal:
        self.read_count += 1
        return super().read(token, said, now_ms)


class Provider:
    """Takes every token for Bob's."""

    def __init__(self) -> None:
        self.keys_version = 0
        self.read_count = 0

    async def read(self, token: str, said: Unverified, now_ms: int) -> Principal:
        self.read_count += 1
        return Principal("bob", expires_at_ms=NOW_MS + 1_000)


async def test_token_of_ours_is_checked_once_and_not_after_its_end() -> None:
    ours = CountedTokens()
    read = Bearers(ours).read
    token = ours.issue(GRANT, NOW_MS).token

    for _ in range(3):
        assert await read(token, NOW_MS) == Principal("alice")
    with pytest.raises(BadToken):
        await read(token, NOW_MS + LIFE_MS)
    with pytest.raises(BadToken):
        await read(token + "A", NOW_MS)

    assert ours.read_count == 3


async def test_provider_gets_what_cannot_be_ours_and_is_asked_again_when_keys_went() -> None:
    ours, provider = CountedTokens(), Provider()
    both = Bearers(ours, provider)
    token = sign({"alg": "RS256"}, b"{}", RSA)

    for _ in range(2):
        assert await both.read(token, NOW_MS) == Principal("bob")
    provider.keys_version += 1
    await both.read(token, NOW_MS)

    assert (ours.read_count, provider.read_count) == (0, 2)
    with pytest.raises(BadToken):
        await Bearers(ours).read(token, NOW_MS)


async def test_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bearers, "REMEMBERED_MAX", 2)
    ours = CountedTokens()
    read = Bearers(ours).read
    tokens = [ours.issue(GRANT, NOW_MS).token for _ in range(3)]

    for token in (*tokens, tokens[2], tokens[0]):
        await read(token, NOW_MS)

    assert ours.read_count == 4


async def test_text_that_is_no_token_is_refused() -> None:
    for text in ("", "\ud800", "a.b.c", "x" * 20_000):
        with pytest.raises(BadToken):
            await Bearers(CountedTokens()).read(text, NOW_MS)
