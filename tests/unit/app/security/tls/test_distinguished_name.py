"""Distinguished names: what Java wrote (``X500Principal.getName``) for the same certificates."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from app.security.tls.distinguished_name import (
    NoName,
    distinguished_name,
    issuer_and_serial,
    name_text,
)
from tests.support.security.certificates import write_pair

Attribute = x509.NameAttribute


def written(folder: Path, *parts: x509.NameAttribute | tuple[x509.NameAttribute, ...]) -> str:
    """Return what is made of the subject of a certificate."""
    relative = [
        x509.RelativeDistinguishedName(one if isinstance(one, tuple) else [one]) for one in parts
    ]
    certificate, _ = write_pair(folder, "one", subject=x509.Name(relative))
    return distinguished_name(ssl.PEM_cert_to_DER_cert(certificate.read_text()))


def test_the_last_part_comes_first_by_the_words_of_rfc_2253(tmp_path: Path) -> None:
    parts = [
        Attribute(NameOID.COUNTRY_NAME, "ES"),
        Attribute(NameOID.STATE_OR_PROVINCE_NAME, "Asturias"),
        Attribute(NameOID.LOCALITY_NAME, "Uviéu"),
        Attribute(NameOID.STREET_ADDRESS, "s 1"),
        Attribute(NameOID.ORGANIZATION_NAME, "Cauce"),
        Attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Log"),
        Attribute(NameOID.DOMAIN_COMPONENT, "org"),
        Attribute(NameOID.USER_ID, "u"),
        Attribute(NameOID.COMMON_NAME, "alice"),
    ]

    assert written(tmp_path, *parts) == (
        "CN=alice,UID=u,DC=org,OU=Log,O=Cauce,STREET=s 1,L=Uviéu,ST=Asturias,C=ES"
    )


def test_parts_of_several_attributes_are_joined_by_a_plus(tmp_path: Path) -> None:
    both = (Attribute(NameOID.COMMON_NAME, "multi"), Attribute(NameOID.ORGANIZATION_NAME, "val"))

    assert written(tmp_path, both, Attribute(NameOID.COUNTRY_NAME, "DE")) == "C=DE,O=val+CN=multi"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Cauce, S.A.", r"Cauce\, S.A."),
        ('A+B=C <x>;"y"\\z', r"A\+B\=C \<x\>\;\"y\"\\z"),
        (" #lead and trail ", r"\ \#lead and trail\ "),
        ("   ", r"\ \ \ "),
        ("a#b", r"a\#b"),
        ("nul\0l\nnl\ttab\r", "nul\\00l\nnl\ttab\\\r"),
        ("日本 ñ 🎈", "日本 ñ 🎈"),
    ],
)
def test_values_are_escaped(tmp_path: Path, value: str, expected: str) -> None:
    assert written(tmp_path, Attribute(NameOID.COMMON_NAME, value)) == f"CN={expected}"


def test_attributes_without_a_word_stand_there_by_number_and_bytes(tmp_path: Path) -> None:
    parts = [
        Attribute(NameOID.EMAIL_ADDRESS, "a@b.c"),
        Attribute(NameOID.SERIAL_NUMBER, "12"),
        Attribute(NameOID.TITLE, "Dr"),
        Attribute(ObjectIdentifier("2.999.3"), "x"),
    ]

    assert written(tmp_path, *parts) == (
        "2.999.3=#0c0178,2.5.4.12=#0c024472,2.5.4.5=#13023132,1.2.840.113549.1.9.1=#16056140622e63"
    )


def test_other_kinds_of_text_are_read_as_java_reads_them(tmp_path: Path) -> None:
    ia5 = Attribute(NameOID.COMMON_NAME, "ia5", _type=_ASN1Type.IA5String)
    bmp = Attribute(NameOID.COMMON_NAME, "bé", _type=_ASN1Type.BMPString)

    assert written(tmp_path, ia5) == "CN=ia5"
    assert written(tmp_path, bmp) == "CN=\\00b\\00\N{REPLACEMENT CHARACTER}"


def test_no_subject_is_an_empty_name(tmp_path: Path) -> None:
    assert written(tmp_path) == ""


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    parts = [Attribute(NameOID.COMMON_NAME, "x" * 64)] * 100

    with pytest.raises(NoName, match="4096"):
        written(tmp_path, *parts)


def test_what_is_no_certificate_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    pem, _ = write_pair(tmp_path, "one")
    whole = ssl.PEM_cert_to_DER_cert(pem.read_text())

    for end in range(0, len(whole), 3):
        with pytest.raises(NoName):
            distinguished_name(whole[:end])
    for junk in (b"", b"0", b"0\x80", b"\x1f\x81\x01x", b"0\x03\x02\x01\x01", bytes(300)):
        with pytest.raises(NoName):
            distinguished_name(junk)


def test_issuer_and_serial_are_those_of_the_certificate(tmp_path: Path) -> None:
    ca = write_pair(
        tmp_path, "ca", subject=x509.Name([Attribute(NameOID.COMMON_NAME, "the, authority")])
    )
    for number in range(20):  # numbers of 159 random bits, some with a leading zero
        path, _ = write_pair(tmp_path, f"c{number}", signer=ca)
        known = x509.load_pem_x509_certificate(path.read_bytes())
        der = ssl.PEM_cert_to_DER_cert(path.read_text())

        assert issuer_and_serial(der) == ("CN=the\\, authority", known.serial_number)
        assert name_text(known.issuer.public_bytes()) == "CN=the\\, authority"


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x00", b"\x30\x02\x30\x00", b"\x02\x01\x07"])
def test_what_has_no_issuer_or_name_is_refused(data: bytes) -> None:
    with pytest.raises(NoName):
        issuer_and_serial(data)
    if data[:2] != b"\x30\x00":
        with pytest.raises(NoName):
            name_text(data[:1] + b"\x01\x00" if data else data)
