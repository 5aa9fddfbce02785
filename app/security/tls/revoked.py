"""Revoked certificates: the lists that authorities publish (CRL), and whom they shut out.

A handshake is OpenSSL's to judge, by the same file and for the whole chain: whoever signed one of
its certificates must have a list that it signed itself and that is in date, or nobody comes in by
it. What came in before is judged here, by issuer and serial number, whenever the file is read anew:
by the open connections, and by each request that a connection goes on to send.

States of a list: not begun -> in date -> out of date; from each of them, replaced by a newer one.

Invariants:
    A file that lacks the list of an authority in ``tls_client_ca``, or holds one that OpenSSL takes
    for something else (a delta for a whole list) or for nothing, is refused as a whole: what was
    forgotten is told at the start, and not by clients that cannot come in.
    Lists say who is out; nothing in their file says who is in (``live`` looks that it holds no
    certificates).
    Of several lists of an authority the newest that has begun counts, as in OpenSSL.
    A list that is not in date revokes what it did; OpenSSL lets nobody in by it.
Failures: a file that is being replaced cannot be read, or lists and authorities do not fit: what
was loaded before stays in use (``live``). A list of an authority in between, which only clients
know, is not looked at before a client sends the certificate of its signer.
Called by: live (reads), node_tls (replaces), authenticator, open_connections and certified (ask).
Source: RFC 5280, 5 and 6.3; nginx's ``ssl_crl`` and HAProxy's ``crl-file``, which check as much.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.security.principal import Credential
from app.security.tls.distinguished_name import NoName, name_text
from app.security.tls.errors import TlsError

if TYPE_CHECKING:
    from cryptography import x509

LIST_BYTES_MAX = 16 * 1024 * 1024
"""Of a file of lists: about 300,000 certificates.

OpenSSL verifies the signature of a list in each handshake, before it does the client's: a client
that nobody knows costs 5 ms for each MiB.
"""

_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What one authority has revoked."""

    issuer: str
    """Its name, as Java writes it."""

    serials: frozenset[int]
    out_of_date: datetime | None
    """When the next list was to be there; None if it does not say."""

    begins: datetime | None = None
    """When it was made; None for always."""

    scope: bytes = b""
    """What it is about, if not all that its authority has signed."""

    def problem(self) -> str | None:
        """Return why nobody is let in by it now; None if it is in date."""
        now = datetime.now(UTC)
        if self.out_of_date is not None and self.out_of_date <= now:
            return f"is out of date since {self.out_of_date}"
        if self.begins is not None and self.begins > now:
            return f"does not begin before {self.begins}"
        return None


def problems(lists: Sequence[RevocationList]) -> Mapping[str, str]:
    """Return why nobody is let in now by the lists of an authority, for each of which it is so."""
    good = {(one.issuer, one.scope) for one in lists if one.problem() is None}
    return {
        one.issuer: problem
        for one in lists
        if (one.issuer, one.scope) not in good and (problem := one.problem()) is not None
    }


def read_lists(path: Path, authorities: Path) -> tuple[RevocationList, ...]:
    """Return the lists that a file holds.

    Args:
        path: In PEM, one or more.
        authorities: In PEM; of each there has to be a list.

    Raises:
        TlsError: It holds none, or one that is no list, is a part of one or was signed by somebody
            else, or of an authority there is none.
    """
    from cryptography import x509  # noqa: PLC0415 - a tenth of a second that few nodes need
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - likewise

    blocks = _BLOCK.findall(_read(path))
    if not blocks:
        raise TlsError(f"{path} holds no lists of revoked certificates (X509 CRL) in PEM")
    try:
        signers = x509.load_pem_x509_certificates(authorities.read_bytes())
        lists = [x509.load_pem_x509_crl(block) for block in blocks]
        for one in lists:
            _check_kind(path, one)
        missing = _unlisted(path, lists, signers)
        found = _newest(lists)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm, NoName) as error:
        raise TlsError(f"{path} cannot be used with {authorities}: {error}") from error
    if missing is not None:
        raise TlsError(
            f"{path} holds no list of {missing}, of which {authorities} says that it signs "
            "certificates: none of them could be checked"
        )
    return found


def _check_kind(path: Path, one: "x509.CertificateRevocationList") -> None:
    """Refuse a list that OpenSSL would not read as what it is.

    Raises:
        TlsError: Says why.
    """
    from cryptography import x509  # noqa: PLC0415 - see above

    whose = f"{path}: the list of {_text(one.issuer)}"
    for extension in one.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise TlsError(f"{whose} is a delta, which tells of changes: the whole is needed")
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.indirect_crl or value.only_some_reasons:
                raise TlsError(f"{whose} is for other authorities too, or for some reasons only")
            if value.only_contains_attribute_certs:
                raise TlsError(f"{whose} is for attribute certificates")
        elif extension.critical and not isinstance(value, x509.AuthorityKeyIdentifier):
            raise TlsError(f"{whose} has an extension that is not known: {extension.oid}")


def _unlisted(
    path: Path,
    lists: Sequence["x509.CertificateRevocationList"],
    authorities: Sequence["x509.Certificate"],
) -> str | None:
    """Return an authority whose clients, or who itself, could not be checked; None for none.

    Several may have one name, with keys of their own.

    Raises:
        TlsError: A list is none that OpenSSL would believe.
    """
    uncovered = {(at, kind) for at in range(len(authorities)) for kind in ("user", "ca")}
    for one in lists:
        name = _text(one.issuer)
        named = [at for at, known in enumerate(authorities) if _text(known.subject) == name]
        signers = [at for at in named if _has_signed(authorities[at], one)]
        if named and not signers:
            raise TlsError(f"{path}: the list of {name} was not signed by it")
        for at in signers:
            if not _may_sign_lists(authorities[at]):
                raise TlsError(
                    f"{path}: the certificate of {name} does not allow it to sign lists (cRLSign)"
                )
            uncovered -= {(at, kind) for kind in _kinds(one)}
    return min((_text(authorities[at].subject) for at, _ in uncovered), default=None)


def _has_signed(signer: "x509.Certificate", one: "x509.CertificateRevocationList") -> bool:
    return one.is_signature_valid(signer.public_key())  # type: ignore[arg-type] # else a TypeError


def _may_sign_lists(signer: "x509.Certificate") -> bool:
    from cryptography import x509  # noqa: PLC0415 - see above

    try:
        return signer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _kinds(one: "x509.CertificateRevocationList") -> set[str]:
    """Return whose certificates a list is about: of users, of authorities, or both."""
    point = _point(one)
    if point is None:
        return {"user", "ca"}
    only = {"ca": point.only_contains_ca_certs, "user": point.only_contains_user_certs}
    return {kind for kind in only if only[kind]} or set(only)


def _point(one: "x509.CertificateRevocationList") -> "x509.IssuingDistributionPoint | None":
    from cryptography import x509  # noqa: PLC0415 - see above

    try:
        return one.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return None


def _newest(lists: Sequence["x509.CertificateRevocationList"]) -> tuple[RevocationList, ...]:
    """Return those that OpenSSL goes by, or will once they begin; two of one moment both count."""
    now = datetime.now(UTC)
    begun: dict[tuple[str, bytes], datetime] = {}
    read = []
    for one in lists:
        point = _point(one)
        scope = b"" if point is None else point.public_bytes()
        key, begins = (_text(one.issuer), scope), one.last_update_utc
        read.append((key, begins, one))
        if begins <= now:
            begun[key] = max(begins, begun.get(key, begins))
    return tuple(
        RevocationList(
            key[0],
            frozenset(entry.serial_number for entry in one),
            one.next_update_utc,
            begins,
            key[1],
        )
        for key, begins, one in read
        if begins >= begun.get(key, begins)
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

    @property
    def is_used(self) -> bool:
        """Whether there are lists, though they may name nobody."""
        return bool(self._serials)

    def names(self, issuer: str, serial: int) -> bool:
        """Return whether a certificate was revoked."""
        return serial in self._serials.get(issuer, ())

    def has(self, credential: Credential) -> bool:
        """Return whether what somebody logged in with is a certificate that was revoked."""
        return self.names(credential.issuer, credential.serial)
