"""TLS of a door: what it takes, whom it asks, and a new certificate that drops nobody."""

import dataclasses
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from app.security.tls.live import (
    ClientAuth,
    LiveTls,
    TlsError,
    TlsFiles,
    check_authorities,
    server_context,
)
from tests.support.security.certificates import client_context, write_list, write_pair


def files_of(pair: tuple[Path, Path], **more: object) -> TlsFiles:
    return TlsFiles(certificate=pair[0], key=pair[1], **more)  # type: ignore[arg-type]


class Pair:
    """A client and a server that talk in memory."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(down, up)
        self.server = server.wrap_bio(up, down, server_side=True)

    def shake_hands(self) -> None:
        left = [self.client, self.server]
        for _ in range(8):
            for one in tuple(left):
                try:
                    one.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                left.remove(one)
        assert left == []

    def certificate(self) -> x509.Certificate:
        shown = self.client.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown)

    def says(self) -> str:
        self.client.write(b"hello")
        return self.server.read(5).decode()


def subject_of(pair: Pair) -> str:
    return pair.certificate().subject.rfc4514_string()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_of_tls_1_2_or_1_3_is_served(tmp_path: Path, version: ssl.TLSVersion) -> None:
    client = client_context()
    client.minimum_version = client.maximum_version = version
    pair = Pair(server_context(files_of(write_pair(tmp_path, "here"))), client)

    pair.shake_hands()

    assert pair.says() == "hello"
    assert subject_of(pair) == "CN=here"


def test_older_versions_and_ciphers_without_forward_secrecy_are_not_offered(
    tmp_path: Path,
) -> None:
    context = server_context(files_of(write_pair(tmp_path, "here")))

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    for one in context.get_ciphers():
        assert one["protocol"] == "TLSv1.3" or one["name"].startswith("ECDHE-")
        assert one["aead"]


def test_a_client_that_knows_old_ciphers_only_is_refused(tmp_path: Path) -> None:
    client = client_context()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    pair = Pair(server_context(files_of(write_pair(tmp_path, "here"))), client)

    with pytest.raises(ssl.SSLError):
        pair.shake_hands()


def test_http_is_agreed_on_by_alpn(tmp_path: Path) -> None:
    client = client_context()
    client.set_alpn_protocols(["h2", "http/1.1"])
    live = LiveTls(files_of(write_pair(tmp_path, "here"), protocols=("http/1.1",)))
    pair = Pair(live.context, client)

    pair.shake_hands()

    assert pair.server.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    pair = write_pair(tmp_path, "here")
    pair[1].chmod(mode)

    with pytest.raises(TlsError, match="0600"):
        server_context(files_of(pair))


def test_a_key_with_a_password_is_refused_by_name(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "here", password=b"hidden")

    with pytest.raises(TlsError, match="has a password"):
        server_context(files_of(pair))


@pytest.mark.parametrize("is_pem", [False, True])
def test_what_stands_in_a_key_s_file_is_in_no_error(tmp_path: Path, *, is_pem: bool) -> None:
    pair = write_pair(tmp_path, "here")
    lines = ["canary7f3b9c2e"]
    if is_pem:
        lines = ["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"]
    pair[1].write_text("\n".join(lines))

    with pytest.raises(TlsError, match=f"{pair[1]} holds no key in PEM") as caught:
        server_context(files_of(pair))

    assert "canary" not in str(caught.value)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    here, there = write_pair(tmp_path, "here"), write_pair(tmp_path, "there")

    with pytest.raises(TlsError, match=f"{there[1]} is not the key of {here[0]}"):
        server_context(files_of((here[0], there[1])))


def test_a_file_that_is_missing_is_named_and_the_other_is_not(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "here")
    missing = tmp_path / "missing"
    with pytest.raises(TlsError) as caught:
        server_context(files_of((pair[0], missing)))
    assert str(caught.value) == f"{missing} cannot be read: No such file or directory"
    with pytest.raises(TlsError) as caught:
        server_context(files_of((missing, pair[1])))
    assert str(caught.value) == f"{missing} cannot be read: No such file or directory"


def test_a_file_that_holds_no_certificate_is_named_and_the_key_is_not(tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path, "here")
    certificate.write_text("no certificate")
    with pytest.raises(TlsError) as caught:
        server_context(files_of((certificate, key)))
    assert str(caught.value) == f"{certificate} holds no certificates in PEM that can be used"


def test_who_signs_clients_must_be_named_and_hold_certificates(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "here")
    with pytest.raises(TlsError, match="who signs"):
        files_of(pair, client_auth=ClientAuth.REQUIRED)
    with pytest.raises(TlsError, match="holds no certificates"):
        server_context(files_of(pair, client_auth=ClientAuth.REQUIRED, client_ca=pair[1]))


@pytest.mark.parametrize("auth", [ClientAuth.REQUESTED, ClientAuth.REQUIRED])
def test_a_client_s_certificate_is_seen(tmp_path: Path, auth: ClientAuth) -> None:
    alice = write_pair(tmp_path, "alice")
    here = files_of(write_pair(tmp_path, "here"), client_auth=auth, client_ca=alice[0])
    pair = Pair(LiveTls(here).context, client_context(shows=alice))

    pair.shake_hands()

    shown = pair.server.getpeercert()
    assert shown is not None
    assert shown["subject"] == ((("commonName", "alice"),),)


@pytest.mark.parametrize("auth", list(ClientAuth))
def test_a_client_without_a_certificate_is_refused_only_where_it_must_have_one(
    tmp_path: Path, auth: ClientAuth
) -> None:
    alice = write_pair(tmp_path, "alice")
    here = files_of(write_pair(tmp_path, "here"), client_auth=auth, client_ca=alice[0])
    pair = Pair(LiveTls(here).context, client_context())

    if auth is ClientAuth.REQUIRED:
        with pytest.raises(ssl.SSLError):
            pair.shake_hands()
    else:
        pair.shake_hands()
        assert pair.says() == "hello"


@pytest.mark.parametrize("auth", [ClientAuth.REQUESTED, ClientAuth.REQUIRED])
def test_a_client_whose_certificate_another_signed_is_refused(
    tmp_path: Path, auth: ClientAuth
) -> None:
    alice, mallory = write_pair(tmp_path, "alice"), write_pair(tmp_path, "mallory")
    here = files_of(write_pair(tmp_path, "here"), client_auth=auth, client_ca=alice[0])
    pair = Pair(LiveTls(here).context, client_context(shows=mallory))

    with pytest.raises(ssl.SSLError):
        pair.shake_hands()


def test_a_new_certificate_holds_for_new_connections_and_drops_no_open_one(tmp_path: Path) -> None:
    pair, after = write_pair(tmp_path, "here"), write_pair(tmp_path, "after")
    live = LiveTls(files_of(pair))
    is_open = Pair(live.context, client_context())
    is_open.shake_hands()
    assert not live.reload_if_changed()

    for old, new in zip(pair, after, strict=True):
        new.replace(old)
    was_changed = live.reload_if_changed()
    is_new = Pair(live.context, client_context())
    is_new.shake_hands()

    assert was_changed
    assert not live.reload_if_changed()
    assert subject_of(is_new) == "CN=after"
    assert is_open.says() == "hello"


def test_those_who_sign_clients_are_reloaded_too(tmp_path: Path) -> None:
    alice, bob = write_pair(tmp_path, "alice"), write_pair(tmp_path, "bob")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(alice[0].read_bytes())
    pair = write_pair(tmp_path, "here")
    live = LiveTls(files_of(pair, client_auth=ClientAuth.REQUIRED, client_ca=trusted))

    trusted.write_bytes(bob[0].read_bytes())
    live.reload()

    Pair(live.context, client_context(shows=bob)).shake_hands()
    with pytest.raises(ssl.SSLError):
        Pair(live.context, client_context(shows=alice)).shake_hands()


class Revoking:
    """A door that asks for certificates and knows which are revoked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = write_pair(folder, "ca")
        self.lists = folder / "revoked.pem"
        self.revoke()
        self.live = LiveTls(
            files_of(
                write_pair(folder, "here"),
                client_auth=ClientAuth.REQUIRED,
                client_ca=self.ca[0],
                client_crl=self.lists,
            )
        )

    def revoke(self, *revoked: tuple[Path, Path], is_old: bool = False) -> None:
        write_list(self.lists, self.ca, *revoked, is_old=is_old)

    def admits(self, client: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Pair | None:
        pair = Pair(self.live.context, client)
        if session is not None:
            pair.client.session = session
        try:
            pair.shake_hands()
        except ssl.SSLError:
            return None
        return pair if pair.says() == "hello" else None


@pytest.fixture
def revoking(tmp_path: Path) -> Revoking:
    return Revoking(tmp_path)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_revoked_certificate_is_refused_from_the_reload_on_and_others_are_not(
    revoking: Revoking, version: ssl.TLSVersion
) -> None:
    alice, bob = (write_pair(revoking.folder, name, signer=revoking.ca) for name in "ab")
    contexts = [client_context(shows=one) for one in (alice, bob)]
    for one in contexts:
        one.minimum_version = one.maximum_version = version
    before = [revoking.admits(one) for one in contexts]

    revoking.revoke(alice)
    was_changed = revoking.live.reload_if_changed()

    assert None not in before
    assert before[0] is not None
    assert was_changed
    assert revoking.admits(contexts[0]) is None
    assert revoking.admits(contexts[0], before[0].client.session) is None
    assert revoking.admits(contexts[1]) is not None
    assert len(revoking.live.lists[0].serials) == 1
    revoking.revoke()
    revoking.live.reload()
    assert revoking.admits(contexts[0]) is not None


def test_nobody_is_let_in_by_a_list_that_is_out_of_date(revoking: Revoking) -> None:
    alice = client_context(shows=write_pair(revoking.folder, "alice", signer=revoking.ca))

    revoking.revoke(is_old=True)
    revoking.live.reload()

    assert revoking.admits(alice) is None


def test_a_session_does_not_outlive_the_list_that_let_it_in(
    revoking: Revoking, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = client_context(shows=write_pair(revoking.folder, "alice", signer=revoking.ca))
    alice.maximum_version = ssl.TLSVersion.TLSv1_2
    before = revoking.admits(alice)
    assert before is not None
    again = revoking.admits(alice, before.client.session)

    (one,) = revoking.live.lists
    over = dataclasses.replace(one, out_of_date=datetime.now(UTC))
    monkeypatch.setattr(revoking.live, "lists", (over,))

    assert again is not None
    assert again.client.session_reused
    assert revoking.admits(alice, before.client.session) is None


def test_a_certificate_in_the_file_of_lists_is_refused_and_not_believed(
    revoking: Revoking,
) -> None:
    strangers = write_pair(revoking.folder, "strangers")
    mallory = write_pair(revoking.folder, "mallory", signer=strangers)
    own = write_list(revoking.folder / "theirs", strangers)

    revoking.lists.write_bytes(revoking.lists.read_bytes() + strangers[0].read_bytes() + own)
    with pytest.raises(TlsError, match=r"revoked.pem holds certificates, which belong into"):
        revoking.live.reload()

    assert revoking.admits(client_context(shows=mallory)) is None


def test_the_whole_chain_is_checked_and_who_signs_between_needs_a_list_too(
    revoking: Revoking,
) -> None:
    between = write_pair(revoking.folder, "between", signer=revoking.ca, is_authority=True)
    alice = write_pair(revoking.folder, "alice", signer=between)
    alice[0].write_bytes(alice[0].read_bytes() + between[0].read_bytes())
    client = client_context(shows=alice)
    without = revoking.admits(client)

    own = write_list(revoking.lists, between)
    revoking.lists.write_bytes(own + write_list(revoking.folder / "other", revoking.ca))
    revoking.live.reload()
    cleared = revoking.admits(client)
    revoking.lists.write_bytes(own + write_list(revoking.folder / "other", revoking.ca, between))
    revoking.live.reload()

    assert without is None
    assert cleared is not None
    assert revoking.admits(client) is None


def test_lists_that_cannot_be_used_change_nothing(revoking: Revoking) -> None:
    alice = write_pair(revoking.folder, "alice", signer=revoking.ca)
    revoking.revoke(alice)
    revoking.live.reload()

    revoking.lists.write_bytes(b"no list")
    with pytest.raises(TlsError, match="holds no lists"):
        revoking.live.reload()
    revoking.lists.unlink()
    with pytest.raises(TlsError, match="cannot be read"):
        revoking.live.reload_if_changed()

    assert revoking.admits(client_context(shows=alice)) is None
    assert len(revoking.live.lists[0].serials) == 1


def test_a_reload_that_fails_changes_nothing_and_is_tried_again(tmp_path: Path) -> None:
    pair, after = write_pair(tmp_path, "here"), write_pair(tmp_path, "after")
    live = LiveTls(files_of(pair))

    after[0].replace(pair[0])  # half of a swap: the key is the old one
    with pytest.raises(TlsError):
        live.reload_if_changed()
    meanwhile = Pair(live.context, client_context())
    meanwhile.shake_hands()
    after[1].replace(pair[1])
    was_changed = live.reload_if_changed()
    then = Pair(live.context, client_context())
    then.shake_hands()

    assert subject_of(meanwhile) == "CN=here"
    assert was_changed
    assert subject_of(then) == "CN=after"


@pytest.mark.parametrize("is_reloaded", [False, True])
def test_a_session_from_before_a_reload_does_not_stand_for_a_certificate(
    tmp_path: Path, is_reloaded: bool
) -> None:
    alice, bob = write_pair(tmp_path, "alice"), write_pair(tmp_path, "bob")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(alice[0].read_bytes())
    pair = write_pair(tmp_path, "here")
    live = LiveTls(files_of(pair, client_auth=ClientAuth.REQUIRED, client_ca=trusted))
    client = client_context(shows=alice)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    before = Pair(live.context, client)
    before.shake_hands()
    after = Pair(live.context, client)
    after.client.session = before.client.session

    if is_reloaded:
        trusted.write_bytes(bob[0].read_bytes())
        live.reload()

        with pytest.raises(ssl.SSLError):
            after.shake_hands()
    else:
        after.shake_hands()
        assert after.client.session_reused


def test_file_that_names_no_authority_is_refused(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "authority")
    (tmp_path / "none.pem").write_text("x")

    check_authorities(pair[0])
    for path in (tmp_path / "none.pem", tmp_path / "absent.pem"):
        with pytest.raises(TlsError, match=f"{path.name} (holds no certificates|cannot be read)"):
            check_authorities(path)
