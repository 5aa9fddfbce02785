"""Whom a client believes over TLS, and what it shows."""

import ssl
from pathlib import Path

import pytest

from cauce.client.errors import NotBelieved
from cauce.client.trust import UnusableTrust, own_refused, tls_of, unreachable
from tests.support.security.certificates import write_pair

URL = "https://server:1"


def test_without_tls_there_is_nothing_to_believe(tmp_path: Path) -> None:
    authority = str(write_pair(tmp_path, "ca")[0])

    assert tls_of("http://server:1", environment={"CAUCE_CA_FILE": authority}) is None


@pytest.mark.parametrize("said", [{}, {"CAUCE_CA_FILE": ""}])
def test_if_nothing_is_said_the_systems_authorities_are_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, str]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(write_pair(tmp_path, "systems")[0]))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    context = tls_of(URL, environment=said)

    assert context is not None
    assert [one["subject"] for one in context.get_ca_certs()] == [((("commonName", "systems"),),)]
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_who_signed_the_server_s_certificate_is_believed_and_names_are_checked(
    tmp_path: Path,
) -> None:
    context = tls_of(URL, environment={"CAUCE_CA_FILE": str(write_pair(tmp_path, "ca")[0])})

    assert context is not None
    assert [one["subject"] for one in context.get_ca_certs()] == [((("commonName", "ca"),),)]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_an_argument_wins_over_the_environment(tmp_path: Path) -> None:
    theirs, ours = (str(write_pair(tmp_path, name)[0]) for name in ("theirs", "ours"))

    context = tls_of(URL, ours, {"CAUCE_CA_FILE": theirs})

    assert context is not None
    assert [one["subject"] for one in context.get_ca_certs()] == [((("commonName", "ours"),),)]


@pytest.mark.parametrize("is_one_file", [True, False])
def test_a_certificate_of_its_own_is_shown(tmp_path: Path, is_one_file: bool) -> None:
    certificate, key = write_pair(tmp_path, "alice")
    said = {"CAUCE_CERT_FILE": str(certificate), "CAUCE_KEY_FILE": str(key)}
    if is_one_file:
        certificate.write_text(certificate.read_text() + key.read_text())
        del said["CAUCE_KEY_FILE"]

    assert tls_of(URL, environment=said) is not None


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path, "alice", password=b"hidden")
    missing = str(tmp_path / "missing")

    for said in ({"CAUCE_CA_FILE": missing}, {"CAUCE_CA_FILE": str(key)}):
        with pytest.raises(UnusableTrust, match="CA file"):
            tls_of(URL, environment=said)
    with pytest.raises(UnusableTrust, match="missing"):
        tls_of(URL, environment={"CAUCE_CERT_FILE": missing})
    with pytest.raises(UnusableTrust, match="has a password"):
        tls_of(URL, environment={"CAUCE_CERT_FILE": str(certificate), "CAUCE_KEY_FILE": str(key)})


def test_a_file_that_is_missing_is_told() -> None:
    with pytest.raises(UnusableTrust) as caught:
        tls_of(URL, "missing", {})

    assert str(caught.value) == "CA file missing: No such file or directory"


def test_who_is_not_believed_is_told_what_to_do() -> None:
    unsigned = unreachable(URL, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    named = unreachable(URL, "[SSL: CERTIFICATE_VERIFY_FAILED] Hostname mismatch, no 'x'")
    clear = unreachable(URL, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    nobody = unreachable(URL, "connection refused")

    assert isinstance(unsigned, NotBelieved)
    assert "CAUCE_CA_FILE" in str(unsigned)
    assert isinstance(named, NotBelieved)
    assert "for other names" in str(named)
    assert "CAUCE_CA_FILE" not in str(named)
    assert "is http:// meant?" in str(clear)
    assert not isinstance(nobody, NotBelieved)


def test_a_server_that_wants_another_certificate_is_told_so() -> None:
    none = own_refused("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert")
    wrong = str(unreachable(URL, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca"))

    assert none.endswith("name one by CAUCE_CERT_FILE and CAUCE_KEY_FILE")
    assert wrong.endswith("does not take the certificate that CAUCE_CERT_FILE names)")
    assert own_refused("connection refused") == ""
