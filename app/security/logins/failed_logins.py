"""Failed logins: how long a party that guesses is locked out.

Counted for each user from each address, and for each address whatever the user: one who guesses one
user's password waits longer each time, one who tries many users too, and the user goes on from
other addresses. An attempt counts as failed from its beginning, so that a thousand at once are not
a thousand guesses. All addresses of one IPv6 network are one (sources). An address that many share
has failures all the time, so it forgets them one by one: a program with an old password, which is
locked out itself, does not lock out its neighbours after some hours.

Invariants:
    A lock-out lasts at most ``LOCKED_S_MAX``; what is remembered is forgotten
    ``REMEMBERED_S`` after the last failure; at most ``REMEMBERED_MAX`` entries are kept, and
    the oldest go first, each of at most ``NAME_CHARS_MAX`` characters.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

from app.security.logins.sources import source_of

FREE_FAILURES = 5
"""Failures of one user from one address before it is locked out."""

FREE_FAILURES_OF_ADDRESS = 100
"""Failures of an address within ``REMEMBERED_S``, whoever tries."""

LOCKED_S_FIRST = 1.0
LOCKED_S_MAX = 60.0
REMEMBERED_S = 900.0
REMEMBERED_MAX = 10_000
FORGOTTEN_S = REMEMBERED_S / FREE_FAILURES_OF_ADDRESS
"""After how long an address has one failure less."""

NAME_CHARS_MAX = 255
"""Of a user. Longer names are nobody's, and are remembered as one."""

TOO_LONG = ""

_Key = tuple[str | None, str]


@dataclass(slots=True)
class _Failures:
    count: float = 0.0
    locked_until: float = 0.0
    last: float = 0.0


class FailedLogins:
    """What is remembered of logins that failed."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._failures: OrderedDict[_Key, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def locked_s(self, user: str, host: str, now: float) -> float:
        """Return for how many seconds the user cannot log in from this address; 0.0 if it can.

        Args:
            user: Whom it is about, known or not.
            host: The address it comes from.
            now: Monotonic seconds.
        """
        found = [self._failures.get(key) for key in _keys(user, host)]
        return max([0.0, *(one.locked_until - now for one in found if one is not None)])

    def begin(self, user: str, host: str, now: float) -> None:
        """Count an attempt, as failed until ``succeeded``."""
        limits = ((FREE_FAILURES, math.inf), (FREE_FAILURES_OF_ADDRESS, FORGOTTEN_S))
        for key, (free, forgotten_s) in zip(_keys(user, host), limits, strict=True):
            entry = self._entry(key, now)
            entry.count = max(0.0, entry.count - (now - entry.last) / forgotten_s) + 1
            entry.last = now
            if entry.count >= free:
                doublings = min(int(entry.count) - free, 16)
                entry.locked_until = now + min(LOCKED_S_FIRST * 2**doublings, LOCKED_S_MAX)

    def succeeded(self, user: str, host: str) -> None:
        """Forget the user's failures from this address; what others failed there stays."""
        of_user, of_address = _keys(user, host)
        self._failures.pop(of_user, None)
        self._take_back(of_address)

    def abandoned(self, user: str, host: str) -> None:
        """Take back an attempt that was not decided."""
        for key in _keys(user, host):
            self._take_back(key)

    def _take_back(self, key: _Key) -> None:
        entry = self._failures.get(key)
        if entry is not None and entry.count > 0:
            entry.count = max(0.0, entry.count - 1)
            entry.locked_until = 0.0

    def _entry(self, key: _Key, now: float) -> _Failures:
        entry = self._failures.get(key)
        if entry is None or now - entry.last > REMEMBERED_S:
            entry = self._failures[key] = _Failures(last=now)
        self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED_MAX:
            self._failures.popitem(last=False)
        return entry


def _keys(user: str, host: str) -> tuple[_Key, _Key]:
    """Return by what a user's failures from an address are found, and by what the address's."""
    source = source_of(host)
    return (user if len(user) <= NAME_CHARS_MAX else TOO_LONG, source), (None, source)
