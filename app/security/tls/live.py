"""TLS of a door: a context that lives as long as the door, though its certificate is replaced.

A door gives ``LiveTls.context`` to its listener once. Each handshake is done with the context that
was loaded last, so a new certificate holds for new connections and drops none of the open ones.

Invariants:
    TLS 1.2 or later, forward secrecy, authenticated ciphers.
    A reload that fails changes nothing: the context before it stays.
    Nobody is let in by a session whose certificate was verified before the last reload.
    A key that others than its owner may read is not used.
    Where there are lists of revoked certificates, nobody is let in whom they do not clear.
Called by: what makes listeners. Calls: files, at the start and at a reload.
Source: RFC 9325 (versions and ciphers); Kafka docs, security, ``ssl.client.auth``.
"""

import ssl
import stat
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.security.tls.alerting import AlertingContext
from app.security.tls.errors import TlsError
from app.security.tls.revoked import RevocationList, problems, read_lists

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Those of TLS 1.2; all of 1.3's are good."""


class ClientAuth(StrEnum):
    """Whether clients show certificates (Kafka's ``ssl.client.auth``)."""

    NONE = "none"
    REQUESTED = "requested"
    REQUIRED = "required"


_VERIFY = {
    ClientAuth.NONE: ssl.CERT_NONE,
    ClientAuth.REQUESTED: ssl.CERT_OPTIONAL,
    ClientAuth.REQUIRED: ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What a door's TLS is made of."""

    certificate: Path
    """In PEM, the door's own first, then those that signed it."""

    key: Path
    """In PEM, without a password, readable by its owner alone."""

    client_ca: Path | None = None
    """In PEM, those whose signature on a client's certificate is believed."""

    client_crl: Path | None = None
    """In PEM, lists of the certificates that those have revoked; nobody asks if None."""

    client_auth: ClientAuth = ClientAuth.NONE
    protocols: tuple[str, ...] = ()
    """What is offered by ALPN, such as ``http/1.1``; nothing if empty."""

    def __post_init__(self) -> None:
        if self.client_auth is not ClientAuth.NONE and self.client_ca is None:
            raise TlsError("certificates of clients are asked for, but no file says who signs them")

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files themselves."""
        others = (self.client_ca, self.client_crl)
        return (self.certificate, self.key, *(one for one in others if one is not None))


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context of what the files hold now.

    Raises:
        TlsError: One of them cannot be read or used.
    """
    _check_key(files.key)
    context = AlertingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if files.protocols:
        context.set_alpn_protocols(list(files.protocols))
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise TlsError(_why_no_pair(files, error)) from error
    if files.client_auth is not ClientAuth.NONE:
        assert files.client_ca is not None, "checked when the files were named"
        _believe(context, files.client_ca)
        if files.client_crl is not None:
            _shut_out(context, files.client_crl)
        # one that comes back with a ticket would not be asked for its certificate
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.verify_mode = _VERIFY[files.client_auth]
    return context


class LiveTls:
    """The context of a door, and how it comes by a new certificate."""

    def __init__(self, files: TlsFiles) -> None:
        """Load the files.

        Raises:
            TlsError: One of them cannot be read or used.
        """
        self._files = files
        self._seen = _seen(files)
        self.lists = _lists(files)
        """What clients' authorities have revoked."""

        self._current = server_context(files)
        self._loaded_at_s = 0.0
        self.context = server_context(files)
        # called in each handshake, before a certificate is chosen, whether the client names a
        # server or not
        self.context.sni_callback = self._choose

    @property
    def certificate(self) -> Path:
        """The file of the door's own certificate."""
        return self._files.certificate

    def reload(self) -> None:
        """Use what the files hold now, from the next handshake on.

        Raises:
            TlsError: One of them cannot be read or used; what was loaded before stays in use.
        """
        seen = _seen(self._files)
        lists, current = _lists(self._files), server_context(self._files)
        # handshakes may be under way on the loop: first no old session, then the new context
        self._loaded_at_s = time.time()
        self._current = current
        self.lists, self._seen = lists, seen

    def reload_if_changed(self) -> bool:
        """Reload if a file is another one than at the last reload; return whether it was.

        Raises:
            TlsError: As ``reload``; the next call tries again.
        """
        if _seen(self._files) == self._seen:
            return False
        self.reload()
        return True

    def _choose(
        self, handshake: ssl.SSLObject, server_name: str | None, context: ssl.SSLContext
    ) -> int | None:
        del server_name, context  # there is one certificate, whatever it is asked for
        handshake.context = self._current
        if self._files.client_auth is ClientAuth.NONE or not handshake.session_reused:
            return None
        # a session of TLS 1.2 from before a reload: its client's certificate is not verified again,
        # and those who signed it may not be believed any more, or their lists; the client comes
        # back without it
        session = handshake.session
        is_old = session is None or session.time <= self._loaded_at_s or problems(self.lists)
        return ssl.ALERT_DESCRIPTION_CERTIFICATE_EXPIRED if is_old else None


def _lists(files: TlsFiles) -> tuple[RevocationList, ...]:
    if files.client_ca is None or files.client_crl is None:
        return ()
    return read_lists(files.client_crl, files.client_ca)


def check_authorities(path: Path) -> None:
    """Refuse a file that does not say who signs certificates.

    Raises:
        TlsError: It holds none.
    """
    _believe(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)


def _believe(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise TlsError(f"{path} holds no certificates in PEM that can be used") from error
    except (OSError, ValueError) as error:
        raise TlsError(_unreadable(path, error)) from error


def _shut_out(context: ssl.SSLContext, path: Path) -> None:
    """Let those whom lists clear in alone.

    Raises:
        TlsError: The file holds certificates as well: they would be believed like authorities.
    """
    known = context.cert_store_stats()["x509"]
    _believe(context, path)
    if context.cert_store_stats()["x509"] != known:
        raise TlsError(f"{path} holds certificates, which belong into another file: lists alone")
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN


def _check_key(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise TlsError(_unreadable(key, error)) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TlsError(f"{key} is open to others than its owner; make its mode 0600")


def _why_no_pair(files: TlsFiles, error: OSError | ValueError) -> str:
    """Return which of the two files is wrong, and how; OpenSSL does not say.

    Raises:
        TlsError: It is the certificate's.
    """
    if isinstance(error, _HasPassword):
        return f"{files.key} has a password; give a key without, readable by its owner alone"
    _believe(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), files.certificate)
    try:
        with files.key.open("rb"):
            pass
    except OSError as unreadable:
        return _unreadable(files.key, unreadable)
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    if reason == "KEY_VALUES_MISMATCH":
        return f"{files.key} is not the key of {files.certificate}, but of another certificate"
    if "PEM lib" in str(error):
        return f"{files.key} holds no key in PEM that can be used"
    return f"{files.certificate} and {files.key} cannot be used: {error}"


def _unreadable(path: Path, error: OSError | ValueError) -> str:
    return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"


class _HasPassword(ValueError):
    """A key is encrypted."""


def _no_password() -> str:
    raise _HasPassword


def _seen(files: TlsFiles) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what tells a file from the one that was there before; None for none."""
    found: list[tuple[int, int, int] | None] = []
    for one in files.paths:
        try:
            at = one.stat()
        except OSError:
            found.append(None)
        else:
            found.append((at.st_ino, at.st_mtime_ns, at.st_size))
    return tuple(found)
