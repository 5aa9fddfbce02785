"""Passwords: hashed with Argon2id on threads of their own, so that logins never stop the loop.

A check costs 19 MiB and some milliseconds of a core, by design. So there are few threads, few
checks waiting, and one that succeeded is remembered for a minute by an HMAC of what was shown; the
key of that HMAC is made anew at each start and never leaves the process. The same check asked for
twice at once is made once.

Invariants:
    Checking for a user that is not there costs the same as for one that is.
    Memory: at most ``THREADS_MAX`` checks at a time, ``WAITING_MAX`` waiting, of which one address
    has ``WAITING_OF_ADDRESS_MAX``.
Source: OWASP, Password Storage (Argon2id, m=19 MiB, t=2, p=1); RFC 9106.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.security.logins.sources import source_of

MEMORY_KIB = 19_456
PASSES = 2
LANES = 1
THREADS_MAX = 4
WAITING_MAX = 64
WAITING_OF_ADDRESS_MAX = 16
REMEMBERED_S = 60.0
REMEMBERED_MAX = 10_000
PASSWORD_BYTES_MAX = 1024


class TooManyLogins(Exception):
    """So many passwords are being checked that no more may wait."""


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self) -> None:
        """Start no thread before the first password comes."""
        threads = max(1, min(THREADS_MAX, (os.cpu_count() or 1) // 2))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._hasher = PasswordHasher(PASSES, MEMORY_KIB, LANES)
        self._key = secrets.token_bytes(32)
        self._nobody: str | None = None
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._checking: dict[bytes, asyncio.Future[bool]] = {}
        self._waiting: Counter[str] = Counter()

    def close(self) -> None:
        """End the threads; checks that wait are given up."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Return what may be kept of a password."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, _bytes(password))

    def mark(self, user: str, generation: int, password: str) -> bytes:
        """Return by what a check is remembered: all that it depends on, and no way back."""
        text = f"{len(user)}\0{user}\0{generation}\0{password}"
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def is_known(self, mark: bytes, now: float) -> bool:
        """Return whether this check succeeded within the last minute."""
        until = self._known.get(mark)
        return until is not None and now < until

    def is_being_checked(self, mark: bytes) -> bool:
        """Return whether this very check is under way."""
        return mark in self._checking

    async def check(
        self, mark: bytes, password_hash: str | None, password: str, host: str, now: float
    ) -> bool:
        """Return whether it is the user's password.

        Args:
            mark: By what the check is remembered.
            password_hash: What is kept of it; None for a user that has none, or is none.
            password: What was shown.
            host: The address it comes from.
            now: Monotonic seconds.

        Raises:
            TooManyLogins: It was not looked at.
        """
        checking = self._checking.get(mark)
        if checking is None:
            source = source_of(host)
            if (
                self._waiting.total() >= WAITING_MAX
                or self._waiting[source] >= WAITING_OF_ADDRESS_MAX
            ):
                raise TooManyLogins
            self._waiting[source] += 1  # here, not in the task, which begins when all have asked
            checking = asyncio.ensure_future(
                self._check(mark, password_hash, password, source, now)
            )
            self._checking[mark] = checking
        # shielded: one that leaves does not break off the check of others
        return await asyncio.shield(checking)

    async def _check(
        self, mark: bytes, password_hash: str | None, password: str, source: str, now: float
    ) -> bool:
        loop = asyncio.get_running_loop()
        try:
            good = await loop.run_in_executor(self._threads, self._verify, password_hash, password)
        finally:
            del self._checking[mark]
            self._waiting[source] -= 1
            if not self._waiting[source]:
                del self._waiting[source]
        if good:
            self._known[mark] = now + REMEMBERED_S
            self._known.move_to_end(mark)
            while len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        return good

    def _verify(self, password_hash: str | None, password: str) -> bool:
        """Check on a thread; for nobody, against the hash of something that nobody knows."""
        if password_hash is None and self._nobody is None:
            self._nobody = self._hasher.hash(secrets.token_bytes(32))
        shown = _bytes(password)
        against = password_hash or self._nobody
        assert against is not None, "made above"
        try:
            good = self._hasher.verify(against, shown[:PASSWORD_BYTES_MAX])
        except (VerificationError, InvalidHashError):
            return False
        return good and password_hash is not None and len(shown) <= PASSWORD_BYTES_MAX


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
