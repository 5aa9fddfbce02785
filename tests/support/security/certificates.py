"""Certificates of servers and clients, made for a test."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Pair = tuple[Path, Path]
"""A certificate and its key, in PEM."""


def write_pair(
    folder: Path,
    name: str,
    *,
    password: bytes | None = None,
    signer: Pair | None = None,
    subject: x509.Name | None = None,
    is_expired: bool = False,
    ends_in: timedelta = timedelta(days=1),
    is_authority: bool = False,
) -> Pair:
    """Write a certificate for this machine, and its key, and give back where.

    Args:
        folder: Where to.
        name: Of the files, and of the subject.
        password: Of the key.
        signer: Who signs it; itself if None.
        subject: Another one than the name.
        is_expired: Whether its time is over.
        ends_in: When it is over otherwise.
        is_authority: Whether it may sign others; one that signs itself may in any case.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    if subject is None:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = subject, key
    if signer is not None:
        issuer = x509.load_pem_x509_certificate(signer[0].read_bytes()).subject
        loaded = serialization.load_pem_private_key(signer[1].read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signing = loaded
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + (-timedelta(days=1) if is_expired else ends_in))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.BasicConstraints(ca=signer is None or is_authority, path_length=None),
            critical=True,
        )
        .sign(signing, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    hidden = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    )
    paths[1].chmod(0o600)
    return paths


def write_list(
    path: Path,
    signer: Pair,
    *revoked: Pair,
    name: x509.Name | None = None,
    is_old: bool = False,
    begins_in: timedelta = timedelta(days=-2),
    extensions: Sequence[x509.ExtensionType] = (),
) -> bytes:
    """Write an authority's list of the certificates that it revoked, and give it back, too.

    Args:
        path: Where to.
        signer: The authority.
        revoked: Those certificates.
        name: Whose list it says it is, if not the signer's.
        is_old: Whether the next one was to be there by now.
        begins_in: When it was made, from now on.
        extensions: Critical ones.
    """
    authority = x509.load_pem_x509_certificate(signer[0].read_bytes())
    key = serialization.load_pem_private_key(signer[1].read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now = datetime.now(UTC)
    building = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name or authority.subject)
        .last_update(now + begins_in)
        .next_update(now + timedelta(days=-1 if is_old else 1))
    )
    for extension in extensions:
        building = building.add_extension(extension, critical=True)
    for certificate, _ in revoked:
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        building = building.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(now - timedelta(days=1))
            .build()
        )
    written = building.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(written)
    return written


def client_context(*, shows: Pair | None = None, believes: Path | None = None) -> ssl.SSLContext:
    """Return the context of a client.

    Args:
        shows: Its own certificate.
        believes: Who signs servers; it takes any certificate if None.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if believes is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(believes)
    if shows is not None:
        context.load_cert_chain(*shows)
    return context
