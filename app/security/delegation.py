"""Delegation tokens: what a client logs in with that was lent to it, for a while (KIP-48).

A token is an id and a secret; the secret is an HMAC of the id, by a key that all nodes of the
cluster have. So nothing of it is kept: the table has a digest, by which a token that is shown is
found. Who shows the id by SCRAM, with the secret in Base64 as its password, logs in as the
token's owner.

Invariants:
    A token that is over, or not in the image, lets nobody in, nor is it found by its secret.
    Trying secrets teaches nobody anything: their digests are looked up, and those say nothing.
    What SCRAM needs of a token is computed once, in some milliseconds, and kept while the token
    is there; on all nodes it is the same.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping

from app.cluster.security_records import DelegationTokenRecord, ScramRecord
from app.security.image import SecurityImage
from app.security.logins.scram_keys import HASH_NAMES, ITERATIONS, SALT_BYTES, record_of_salted
from app.security.principal import Credential, CredentialKind, Principal
from app.security.watcher import SecurityWatcher
from app.telemetry.clock import Clock

MASTER_SECRET = "delegation-token"  # noqa: S105 - the name of a secret
ID_BYTES = 16
_DIGEST = "sha512"
"""Of the HMAC, as Kafka's."""


def new_token_id() -> str:
    """Return an id that no other token has: 22 characters of Base64, as Kafka's ids."""
    return secrets.token_urlsafe(ID_BYTES)


def owner_of(text: str) -> Principal:
    """Return the principal that is written as ``User:alice``."""
    kind, _, name = text.partition(":")
    return Principal(name, kind)


class DelegationTokens:
    """The tokens of the cluster, as one node checks them."""

    def __init__(self, watcher: SecurityWatcher, clock: Clock, master: bytes) -> None:
        """Check tokens against the watcher's images.

        Args:
            watcher: Has the tokens.
            clock: Says which are over.
            master: The key that all nodes of the cluster have.
        """
        self._watcher = watcher
        self._clock = clock
        self._master = master
        self._by_digest: dict[bytes, str] = {}
        self._scram: dict[tuple[str, str], ScramRecord] = {}
        watcher.subscribe(self._apply)

    def secret_of(self, token_id: str) -> bytes:
        """Return the secret of a token, which Kafka calls its HMAC."""
        return hmac.digest(self._master, token_id.encode(), _DIGEST)

    def digest_of(self, token_id: str) -> bytes:
        """Return what is kept of a token's secret."""
        return hashlib.sha256(self.secret_of(token_id)).digest()

    def by_secret(self, secret: bytes) -> DelegationTokenRecord | None:
        """Return the token whose secret this is, also one that is over; None if there is none."""
        token_id = self._by_digest.get(hashlib.sha256(secret).digest())
        return None if token_id is None else self._tokens().get(token_id)

    def all(self) -> Iterator[DelegationTokenRecord]:
        """Yield the tokens that are not over."""
        now_ms = self._clock.now_ms()
        return (one for one in self._tokens().values() if now_ms < one.expires_at_ms)

    def scram_credential(self, mechanism: str, token_id: str) -> ScramRecord | None:
        """Return what SCRAM checks a proof against; None for a token that is over or was none."""
        if self._standing(token_id) is None:
            return None
        known = self._scram.get((token_id, mechanism))
        if known is None:
            known = self._scram[token_id, mechanism] = self._computed(token_id, mechanism)
        return known

    def principal(self, token_id: str, host: str) -> Principal | None:
        """Return who logs in with a token, its owner; None if the token is over or was none.

        When the login ends is not in it: the token may be renewed meanwhile.
        """
        token = self._standing(token_id)
        if token is None:
            return None
        owner = owner_of(token.owner)
        credential = Credential(CredentialKind.DELEGATION_TOKEN, token_id)
        return Principal(owner.name, owner.kind, host=host, credential=credential)

    def _computed(self, token_id: str, mechanism: str) -> ScramRecord:
        password = base64.b64encode(self.secret_of(token_id))
        salt = hmac.digest(self._master, b"salt\0" + token_id.encode(), _DIGEST)[:SALT_BYTES]
        salted = hashlib.pbkdf2_hmac(HASH_NAMES[mechanism], password, salt, ITERATIONS)
        return record_of_salted(token_id, mechanism, salted, salt=salt, iterations=ITERATIONS)

    def _standing(self, token_id: str) -> DelegationTokenRecord | None:
        token = self._tokens().get(token_id)
        return None if token is None or token.expires_at_ms <= self._clock.now_ms() else token

    def _tokens(self) -> Mapping[str, DelegationTokenRecord]:
        image = self._watcher.image
        return {} if image is None else image.delegation_tokens

    def _apply(self, _old: SecurityImage | None, image: SecurityImage) -> None:
        tokens = image.delegation_tokens
        self._by_digest = {one.hmac: one.token_id for one in tokens.values()}
        self._scram = {key: one for key, one in self._scram.items() if key[0] in tokens}
