"""Lists of revoked certificates: what is refused as a whole, and whom they name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.security.principal import Credential, CredentialKind
from app.security.tls import revoked as revoking
from app.security.tls.distinguished_name import issuer_and_serial
from app.security.tls.errors import TlsError
from app.security.tls.revoked import RevocationList, RevokedCertificates, problems, read_lists
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
    assert found.problem() is None
    assert known.has(credential_of(alice))
    assert not known.has(credential_of(bob))
    assert not known.has(Credential(CredentialKind.PASSWORD, "alice"))


def test_each_authority_has_its_own_list(tmp_path: Path, ca: Pair, lists: Path) -> None:
    other = write_pair(tmp_path, "other")
    both = joined(tmp_path / "both.pem", ca, other)
    alice, bob = write_pair(tmp_path, "alice", signer=ca), write_pair(tmp_path, "bob", signer=other)
    pieces = [write_list(lists, *one) for one in ((ca, alice), (other, bob))]
    lists.write_bytes(b"some words\n".join(pieces))

    known = RevokedCertificates()
    known.replace(read_lists(lists, both))

    assert all(known.has(credential_of(one)) for one in (alice, bob))
    assert not known.has(credential_of(write_pair(tmp_path, "dave", signer=other)))


def joined(path: Path, *pairs: Pair) -> Path:
    """Write certificates one after the other."""
    path.write_bytes(b"".join(one[0].read_bytes() for one in pairs))
    return path


def test_of_two_lists_of_an_authority_the_newer_counts(
    tmp_path: Path, ca: Pair, lists: Path
) -> None:
    alice, bob, carol = (write_pair(tmp_path, name, signer=ca) for name in "abc")
    pieces = [
        write_list(lists, ca, alice, is_old=True),
        write_list(lists, ca, bob, begins_in=timedelta(hours=-1)),
        write_list(lists, ca, carol, begins_in=timedelta(hours=1)),
    ]
    lists.write_bytes(b"".join(pieces))

    found = read_lists(lists, ca[0])
    known = RevokedCertificates()
    known.replace(found)

    assert [known.has(credential_of(one)) for one in (alice, bob, carol)] == [False, True, True]
    assert problems(found) == {}, "there is one that is in date"


def test_two_of_one_moment_both_count(tmp_path: Path, ca: Pair, lists: Path) -> None:
    alice, bob = (write_pair(tmp_path, name, signer=ca) for name in "ab")
    first = write_list(lists, ca, alice, begins_in=timedelta(hours=-1))
    made_at = x509.load_pem_x509_crl(first).last_update_utc
    second = write_list(lists, ca, bob, begins_in=made_at - datetime.now(UTC))
    lists.write_bytes(first + second)

    found = read_lists(lists, ca[0])

    assert {one.begins for one in found} == {made_at}
    assert len(frozenset[int]().union(*(one.serials for one in found))) == 2


def test_a_list_that_has_not_begun_is_told(ca: Pair, lists: Path) -> None:
    write_list(lists, ca, begins_in=timedelta(hours=1))

    found = read_lists(lists, ca[0])

    assert "does not begin before" in problems(found)["CN=ca"]


def test_authorities_of_one_name_have_a_list_each(tmp_path: Path, ca: Pair, lists: Path) -> None:
    again = write_pair(tmp_path, "again", subject=named("ca"))
    both = joined(tmp_path / "both.pem", ca, again)
    old, new = write_pair(tmp_path, "old", signer=ca), write_pair(tmp_path, "new", signer=again)

    write_list(lists, ca, old)
    with pytest.raises(TlsError, match="holds no list of CN=ca"):
        read_lists(lists, both)
    lists.write_bytes(lists.read_bytes() + write_list(tmp_path / "more", again, new))
    known = RevokedCertificates()
    known.replace(read_lists(lists, both))

    assert known.has(credential_of(old))


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def point(**only: Any) -> x509.IssuingDistributionPoint:
    """Return what says what a list is about."""
    nothing: dict[str, Any] = dict.fromkeys(
        (
            *("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl"),
            "only_contains_attribute_certs",
        ),
        False,
    )
    nothing |= dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    return x509.IssuingDistributionPoint(**(nothing | only))


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (x509.DeltaCRLIndicator(5), "the list of CN=ca is a delta"),
        (point(indirect_crl=True), "is for other authorities too"),
        (
            point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),
            "or for some reasons only",
        ),
        (point(only_contains_attribute_certs=True), "is for attribute certificates"),
        (point(only_contains_user_certs=True), "holds no list of CN=ca"),
        (point(only_contains_ca_certs=True), "holds no list of CN=ca"),
        (
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
            "has an extension that is not known",
        ),
    ],
)
def test_a_part_of_a_list_is_none(
    ca: Pair, lists: Path, extension: x509.ExtensionType, message: str
) -> None:
    write_list(lists, ca, extensions=[extension])

    with pytest.raises(TlsError, match=message):
        read_lists(lists, ca[0])


def test_lists_of_users_and_of_authorities_are_a_whole(
    tmp_path: Path, ca: Pair, lists: Path
) -> None:
    alice, bob = (write_pair(tmp_path, name, signer=ca) for name in "ab")
    users = write_list(lists, ca, alice, extensions=[point(only_contains_user_certs=True)])
    others = write_list(
        *(lists, ca, bob),
        begins_in=timedelta(hours=-1),
        extensions=[point(only_contains_ca_certs=True)],
    )
    lists.write_bytes(users + others)

    known = RevokedCertificates()
    known.replace(read_lists(lists, ca[0]))

    assert known.has(credential_of(alice))
    assert known.has(credential_of(bob))


def test_an_authority_without_a_list_is_told(tmp_path: Path, ca: Pair, lists: Path) -> None:
    other = write_pair(tmp_path, "other")
    both = joined(tmp_path / "both.pem", ca, other)
    write_list(lists, ca)

    with pytest.raises(
        TlsError, match=r"revoked.pem holds no list of CN=other, of which .*both.pem"
    ):
        read_lists(lists, both)


def test_a_list_that_another_signed_is_told(tmp_path: Path, ca: Pair, lists: Path) -> None:
    mallory = write_pair(tmp_path, "mallory")
    write_list(lists, mallory, name=named("ca"))

    with pytest.raises(TlsError, match="the list of CN=ca was not signed by it"):
        read_lists(lists, ca[0])


def test_an_authority_that_may_not_sign_lists_is_told(tmp_path: Path, lists: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = named("ca")
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

    assert "is out of date since" in problems([found])["CN=ca"]
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
    assert problems([one]) == {}
