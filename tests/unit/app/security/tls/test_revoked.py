"""Lists of revoked certificates: what is refused as a whole, and whom they name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.security.principal import Credential, CredentialKind
from app.security.tls import revoked as revoking
from app.security.tls.distinguished_name import issuer_and_serial
from app.security.tls.errors import TlsError
from app.security.tls.revoked import RevocationList, RevokedCertificates, read_lists
from tests.support.security.certificates import Pair, write_list, write_pair


@pytest.fixture
def ca(tmp_path: Path) -> Pair:
    return write_pair(tmp_path, "ca")


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return tmp_path / "revoked.pem"


def credential_of(pair: Pair) -> Credential:
    der = x509.load_pem_x509_certificate(pair[0].read_bytes()).public_bytes(
        serialization.Encoding.DER
    )
    issuer, serial = issuer_and_serial(der)
    return Credential(CredentialKind.CERTIFICATE, "CN=x", issuer=issuer, serial=serial)


def test_a_list_names_those_that_were_revoked_and_no_others(
    tmp_path: Path, ca: Pair, lists: Path
) -> None:
    alice, bob = (write_pair(tmp_path, name, signer=ca) for name in ("alice", "bob"))
    write_list(lists, ca, alice)

    (found,) = read_lists(lists, ca[0])
    known = RevokedCertificates()
    known.replace((found,))

    assert found.issuer == "CN=ca"
    assert not found.is_out_of_date()
    assert known.has(credential_of(alice))
    assert not known.has(credential_of(bob))
    assert not known.has(Credential(CredentialKind.PASSWORD, "alice"))


def test_each_authority_has_its_own_list_and_several_add_up(
    tmp_path: Path, ca: Pair, lists: Path
) -> None:
    other = write_pair(tmp_path, "other")
    both = tmp_path / "both.pem"
    both.write_bytes(ca[0].read_bytes() + other[0].read_bytes())
    alice, bob = write_pair(tmp_path, "alice", signer=ca), write_pair(tmp_path, "bob", signer=other)
    carol = write_pair(tmp_path, "carol", signer=ca)
    pieces = [write_list(lists, *one) for one in ((ca, alice), (other, bob), (ca, carol))]
    lists.write_bytes(b"some words\n".join(pieces))

    known = RevokedCertificates()
    known.replace(read_lists(lists, both))

    assert all(known.has(credential_of(one)) for one in (alice, bob, carol))
    assert not known.has(credential_of(write_pair(tmp_path, "dave", signer=other)))


def test_an_authority_without_a_list_is_told(tmp_path: Path, ca: Pair, lists: Path) -> None:
    other = write_pair(tmp_path, "other")
    both = tmp_path / "both.pem"
    both.write_bytes(ca[0].read_bytes() + other[0].read_bytes())
    write_list(lists, ca)

    with pytest.raises(
        TlsError, match=r"revoked.pem holds no list of CN=other, of which .*both.pem"
    ):
        read_lists(lists, both)


def test_a_list_that_another_signed_is_told(tmp_path: Path, ca: Pair, lists: Path) -> None:
    mallory = write_pair(tmp_path, "mallory")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    write_list(lists, mallory, name=name)

    with pytest.raises(TlsError, match="the list of CN=ca was not signed by it"):
        read_lists(lists, ca[0])


def test_an_authority_that_may_not_sign_lists_is_told(tmp_path: Path, lists: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.KeyUsage(key_cert_sign=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = tmp_path / "ca.pem", tmp_path / "ca.key"
    pair[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pair[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    write_list(lists, pair)

    with pytest.raises(TlsError, match="does not allow it to sign lists"):
        read_lists(lists, pair[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "holds no lists of revoked certificates"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "cannot be used with"),
        (b"x" * 2_000, "has more than 1000 bytes"),
    ],
)
def test_what_is_no_list_is_told(
    ca: Pair,
    lists: Path,
    content: bytes | None,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revoking, "LIST_BYTES_MAX", 1_000)
    if content is not None:
        lists.write_bytes(content)

    with pytest.raises(TlsError, match=message):
        read_lists(lists, ca[0])


def test_a_list_whose_time_is_over_still_revokes(tmp_path: Path, ca: Pair, lists: Path) -> None:
    alice = write_pair(tmp_path, "alice", signer=ca)
    write_list(lists, ca, alice, is_old=True)

    (found,) = read_lists(lists, ca[0])

    assert found.is_out_of_date()
    assert len(found.serials) == 1


def test_others_are_told_only_if_others_are_revoked() -> None:
    known, told = RevokedCertificates(), list[int]()
    known.subscribe(lambda: told.append(len(told)))
    one = RevocationList("CN=ca", frozenset({1}), None)

    known.replace(())
    known.replace((one,))
    known.replace((one,))
    known.replace(())

    assert told == [0, 1]
    assert not one.is_out_of_date()
