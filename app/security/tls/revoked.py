"""Revoked certificates: the lists that authorities publish (CRL), and whom they shut out.

A handshake is OpenSSL's to judge, by the same file and for the whole chain: whoever signed one of
its certificates must have a list that it signed itself and that is in date, or nobody comes in by
it. What came in before is judged here, by issuer and serial number, whenever the file is read anew:
by the open connections, and by each request that a connection goes on to send.

Invariants:
    A file that lacks the list of an authority in ``tls_client_ca`` is refused as a whole: what was
    forgotten is told at the start, and not by clients that cannot come in.
    A list that is out of date revokes what it did; OpenSSL lets nobody in by it.
Failures: a file that is being replaced cannot be read, or lists and authorities do not fit: what
was loaded before stays in use (``live``).
Called by: live (reads), node_tls (replaces), authenticator and open_connections (ask).
Source: RFC 5280, 5 and 6.3; nginx's ``ssl_crl`` and HAProxy's ``crl-file``, which check as much.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.security.principal import Credential
from app.security.tls.distinguished_name import NoName, name_text
from app.security.tls.errors import TlsError

if TYPE_CHECKING:
    from cryptography import x509

LIST_BYTES_MAX = 64 * 1024 * 1024
"""Of a file of lists: about a million certificates."""

_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What one authority has revoked."""

    issuer: str
    """Its name, as Java writes it."""

    serials: frozenset[int]
    out_of_date: datetime | None
    """When the next list was to be there; None if it does not say."""

    def is_out_of_date(self) -> bool:
        """Return whether nobody is let in by it any more."""
        return self.out_of_date is not None and self.out_of_date <= datetime.now(UTC)


def read_lists(path: Path, authorities: Path) -> tuple[RevocationList, ...]:
    """Return the lists that a file holds.

    Args:
        path: In PEM, one or more.
        authorities: In PEM; of each there has to be a list.

    Raises:
        TlsError: It holds none, or one that is no list or was signed by somebody else, or of an
            authority there is none.
    """
    from cryptography import x509  # noqa: PLC0415 - a tenth of a second that few nodes need
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - likewise

    blocks = _BLOCK.findall(_read(path))
    if not blocks:
        raise TlsError(f"{path} holds no lists of revoked certificates (X509 CRL) in PEM")
    try:
        signers = {
            _text(one.subject): one
            for one in x509.load_pem_x509_certificates(authorities.read_bytes())
        }
        lists = [x509.load_pem_x509_crl(block) for block in blocks]
        for one in lists:
            signer = signers.get(_text(one.issuer))
            if signer is not None:
                _check_signer(path, one, signer)
        found = tuple(
            RevocationList(
                _text(one.issuer),
                frozenset(entry.serial_number for entry in one),
                one.next_update_utc,
            )
            for one in lists
        )
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm, NoName) as error:
        raise TlsError(f"{path} cannot be used with {authorities}: {error}") from error
    missing = signers.keys() - {one.issuer for one in found}
    if missing:
        raise TlsError(
            f"{path} holds no list of {min(missing)}, of which {authorities} says that it signs "
            "certificates: none of them could be checked"
        )
    return found


def _check_signer(
    path: Path, one: "x509.CertificateRevocationList", signer: "x509.Certificate"
) -> None:
    """Refuse a list that OpenSSL would not believe.

    Raises:
        TlsError: Says why.
    """
    from cryptography import x509  # noqa: PLC0415 - see above

    name = _text(one.issuer)
    if not one.is_signature_valid(signer.public_key()):  # type: ignore[arg-type] # else a TypeError
        raise TlsError(f"{path}: the list of {name} was not signed by it")
    try:
        usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.crl_sign:
        raise TlsError(
            f"{path}: the certificate of {name} does not allow it to sign lists (cRLSign)"
        )


def _text(name: "x509.Name") -> str:
    return name_text(name.public_bytes())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(LIST_BYTES_MAX + 1)
    except OSError as error:
        raise TlsError(f"{path} cannot be read: {error.strerror}") from error
    if len(found) > LIST_BYTES_MAX:
        raise TlsError(f"{path} has more than {LIST_BYTES_MAX} bytes")
    return found


class RevokedCertificates:
    """Those of the lists that were read last."""

    def __init__(self) -> None:
        """Know of none."""
        self._serials: Mapping[str, frozenset[int]] = {}
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have somebody told when others are revoked."""
        self._listeners.append(listener)

    def replace(self, lists: tuple[RevocationList, ...]) -> None:
        """Take other lists from now on; several of one issuer add up."""
        serials: dict[str, frozenset[int]] = {}
        for one in lists:
            serials[one.issuer] = serials.get(one.issuer, frozenset()) | one.serials
        if serials != self._serials:
            self._serials = serials
            for listener in self._listeners:
                listener()

    def has(self, credential: Credential) -> bool:
        """Return whether what somebody logged in with is a certificate that was revoked."""
        return credential.serial in self._serials.get(credential.issuer, ())
