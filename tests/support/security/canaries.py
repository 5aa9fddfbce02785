"""Canaries: secrets like no other, planted where one is taken and then looked for everywhere.

Each is of letters and digits alone, so that JSON, URLs and tokens leave it as it is. One is found
as it is, in Base64 at each of the three offsets, in Base64 of URLs, and in hexadecimal.
"""

import base64
import secrets
from collections.abc import Iterable, Mapping


def _base64(secret: bytes) -> set[bytes]:
    """Return what of it is the same in Base64 whatever stands before and behind it."""
    found = set()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret)
        whole = coded[-(-before * 4 // 3) : len(coded) - (4 if coded.endswith(b"=") else 0)]
        found |= {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class Canaries:
    """All that were planted, by name."""

    def __init__(self) -> None:
        """Plant none yet."""
        self._forms: dict[str, set[bytes]] = {}
        self.places: dict[str, bytes] = {}
        """Where they are looked for."""

    def new(self, name: str) -> str:
        """Return another one."""
        made = f"canary{secrets.token_hex(12)}"
        self.add(name, made)
        return made

    def add(self, name: str, secret: str | bytes) -> None:
        """Look for a secret that somebody else made, of 16 bytes or more."""
        raw = secret.encode() if isinstance(secret, str) else secret
        assert len(raw) >= 16, f"{name} is too short to be told from others"
        hexadecimal = raw.hex().encode()
        self._forms[name] = {raw, hexadecimal, hexadecimal.upper(), *_base64(raw)}

    def look_in(self, place: str, data: str | bytes) -> None:
        """Take note of what somebody may read."""
        raw = data.encode() if isinstance(data, str) else data
        self.places[place] = self.places.get(place, b"") + raw

    def found(self, allowed: Mapping[str, Iterable[str]]) -> list[str]:
        """Return which secret is where it should not be.

        Args:
            allowed: By secret, how the names of places begin where it belongs.
        """
        return [
            f"{name} is in {place}"
            for name, forms in self._forms.items()
            for place, data in self.places.items()
            if not place.startswith(tuple(allowed.get(name, ())))
            if any(form in data for form in forms)
        ]

    def __len__(self) -> int:
        return len(self._forms)
