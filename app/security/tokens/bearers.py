"""Bearers: whose a token is, ours first; what was found good is remembered until it ends.

A signature is checked once; after that a token costs its hash and a look into a table. What
changes, whether the user, the key or the login behind a token still stands, is asked each time.

Invariants:
    At most ``REMEMBERED_MAX`` tokens are remembered, by their SHA-256, none after its end, and
    none that was checked with a key that is no longer the provider's.
Called by: security.authenticator. Calls: compact, access_tokens, oidc.
"""

import hashlib
from collections import OrderedDict
from typing import Protocol

from app.security.principal import Principal
from app.security.tokens.access_tokens import ALGORITHM, AccessTokens
from app.security.tokens.compact import BadToken, Unverified, read_compact

REMEMBERED_MAX = 10_000


class Provider(Protocol):
    """An identity provider whose tokens are taken."""

    @property
    def keys_version(self) -> int:
        """Another number than before means that keys went."""
        ...

    async def read(self, token: str, said: Unverified, now_ms: int) -> Principal:
        """Return who has a token.

        Raises:
            BadToken: It is not one of the provider's for us, or not of this time.
        """
        ...


class Bearers:
    """Reads tokens of both kinds."""

    def __init__(self, ours: AccessTokens, provider: Provider | None = None) -> None:
        """Remember none.

        Args:
            ours: Reads those issued here.
            provider: Reads those of an identity provider, if there is one.
        """
        self._ours = ours
        self._provider = provider
        self._known: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()

    async def read(self, token: str, now_ms: int) -> Principal:
        """Return who has a token, without the address that it comes from.

        Raises:
            BadToken: Nobody has it, or its time is over.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None:
            principal, version = known
            ends = principal.expires_at_ms
            if version == self._version() and ends is not None and now_ms < ends:
                return principal
            self._known.pop(digest, None)
        said = read_compact(token)
        if said.algorithm == ALGORITHM:
            principal = self._ours.read(token, said, now_ms)
        elif self._provider is not None:
            principal = await self._provider.read(token, said, now_ms)
        else:
            raise BadToken("a token of an algorithm that is not taken")
        self._known[digest] = principal, self._version()
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return principal

    def _version(self) -> int:
        return 0 if self._provider is None else self._provider.keys_version
