"""Clients that are not ours log in over TLS to a node that lets nobody else in."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiokafka.abc import AbstractTokenProvider as AsyncTokenProvider
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError
from kafka.net.sasl.oauth import AbstractTokenProvider

from app.wire.messages.api_versions import ApiVersionsRequest
from app.wire.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
)
from tests.support.client_programs import PATIENCE_S, ClientPrograms
from tests.support.node import NodeProcess
from tests.support.security.certificates import client_context, write_pair
from tests.support.wire_calls import response_of
from tests.support.wire_door import Peer

pytestmark = pytest.mark.slow

ADMIN = "admin"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    directory = tmp_path_factory.mktemp("node")
    certificate, key = write_pair(directory, "node")
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key), "--no-http-tls")
    node = NodeProcess(directory / "data", "--authentication", "required", *tls)
    node.start()
    yield node
    assert node.stop() == 0


def admin_secret(node: NodeProcess) -> str:
    return Path(node.directory, "admin.secret").read_text().strip()


def certificate_of(node: NodeProcess) -> str:
    return str(node.directory.parent / "node.pem")


def kafka_python(node: NodeProcess, mechanism: str, user: str, password: str) -> KafkaAdminClient:
    return KafkaAdminClient(
        bootstrap_servers=node.bootstrap,
        security_protocol="SASL_SSL",
        ssl_cafile=certificate_of(node),
        sasl_mechanism=mechanism,
        sasl_plain_username=user,
        sasl_plain_password=password,
        bootstrap_timeout_ms=20_000 if user == ADMIN else 500,
    )


def librdkafka(
    node: NodeProcess, mechanism: str, user: str, password: str
) -> tuple[AdminClient, list[int]]:
    """Return a client, and where the codes of its errors come to stand."""
    errors: list[int] = []
    client = AdminClient(
        {
            "bootstrap.servers": node.bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": certificate_of(node),
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": password,
            "log_level": 0,
            "error_cb": lambda error: errors.append(error.code()),
        }
    )
    return client, errors


async def logged_in(node: NodeProcess, shown: str) -> Peer:
    """Return a connection that has logged in by PLAIN and was answered after that."""
    tls = client_context(believes=Path(certificate_of(node)))
    peer = Peer(*await asyncio.open_connection("127.0.0.1", node.kafka_port, ssl=tls))
    peer.send(SaslHandshakeRequest(mechanism="PLAIN"), 1, 1)
    await peer.receive()
    peer.send(SaslAuthenticateRequest(auth_bytes=shown.encode()), 2, 2)
    answer = response_of((await peer.receive())[1], SaslAuthenticateResponse, 2)[1]
    assert answer.error_code == 0
    return peer


async def test_100_of_100_connections_are_cut_when_their_user_and_key_are_gone(
    closed: NodeProcess,
) -> None:
    password = "correct horse"
    secret = admin_secret(closed)
    async with httpx.AsyncClient(
        base_url=f"{closed.url}/v3/clusters/-", auth=(ADMIN, secret), timeout=60
    ) as admin:
        for name in ("leaver", "stayer"):
            made = await admin.post("/users", json={"name": name, "password": password})
            assert made.status_code == 201, made.text
        made = await admin.post("/api-keys", json={"user": "stayer"})
        key = made.json()["key"]
        key_id = key.split("_")[1]
        leaving = [await logged_in(closed, f"\0leaver\0{password}") for _ in range(50)]
        leaving += [await logged_in(closed, f"\0{key_id}\0{key}") for _ in range(50)]
        staying = await logged_in(closed, f"\0stayer\0{password}")
        gone = time.monotonic()
        for path in ("/users/leaver", f"/api-keys/{key_id}"):
            assert (await admin.delete(path)).status_code == 204
        cut = await asyncio.gather(*(one.is_closed() for one in leaving))

    assert cut == [True] * 100
    assert time.monotonic() - gone < 5
    staying.send(ApiVersionsRequest(), 0, 9)
    assert (await staying.receive())[0] == 9
    staying.close()
    for one in leaving:
        one.close()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_kafka_python_logs_in_and_as_an_unknown_user_does_not(
    closed: NodeProcess, mechanism: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = kafka_python(closed, mechanism, ADMIN, admin_secret(closed))
    try:
        assert client.list_topics() is not None
    finally:
        client.close()
    with pytest.raises(KafkaTimeoutError):
        kafka_python(closed, mechanism, mechanism, "wrong").list_topics()
    assert "Authentication failed." in caplog.text


class ApiKey(AbstractTokenProvider):  # type: ignore[misc] # untyped
    """Gives an API key as a token to kafka-python."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def token(self) -> str:
        return self._key


def api_key(node: NodeProcess) -> str:
    """Make a key of admin's."""
    made = httpx.post(
        f"{node.url}/v3/clusters/-/api-keys",
        json={"user": ADMIN},
        auth=(ADMIN, admin_secret(node)),
    )
    return str(made.json()["key"])


def test_oauthbearer_lets_clients_in_with_an_api_key_and_tells_others_why_not(
    closed: NodeProcess, caplog: pytest.LogCaptureFixture
) -> None:
    key = api_key(closed)
    names = {
        "bootstrap_servers": closed.bootstrap,
        "security_protocol": "SASL_SSL",
        "ssl_cafile": certificate_of(closed),
        "sasl_mechanism": "OAUTHBEARER",
    }
    python = KafkaAdminClient(**names, sasl_oauth_token_provider=ApiKey(key))
    try:
        assert python.list_topics() is not None
    finally:
        python.close()
    with pytest.raises(KafkaTimeoutError):
        KafkaAdminClient(
            **names, sasl_oauth_token_provider=ApiKey(key[:-4]), bootstrap_timeout_ms=500
        )
    assert "Authentication failed." in caplog.text
    errors: list[str] = []
    for token in (key, key[:-4]):
        client = AdminClient(
            {
                "bootstrap.servers": closed.bootstrap,
                "security.protocol": "SASL_SSL",
                "ssl.ca.location": certificate_of(closed),
                "sasl.mechanism": "OAUTHBEARER",
                "oauth_cb": lambda _, token=token: (token, time.time() + 3600),
                "log_level": 0,
                "error_cb": lambda error: errors.append(str(error)),
            }
        )
        if token == key:
            assert client.list_topics(timeout=60).brokers
            assert errors == []
        else:
            for _ in range(100):
                client.poll(0.2)
                if errors:
                    break
    assert "Authentication failed." in errors[0]


def test_librdkafka_gets_itself_a_token_and_logs_in_with_it(closed: NodeProcess) -> None:
    """Its own OAuth 2 (``sasl.oauthbearer.method=oidc``) asks the node's token endpoint."""
    key_id = api_key(closed).split("_")[1]
    for name, secret, is_good in (
        (ADMIN, admin_secret(closed), True),
        (key_id, "wrong", False),
    ):
        errors: list[str] = []
        client = AdminClient(
            {
                "bootstrap.servers": closed.bootstrap,
                "security.protocol": "SASL_SSL",
                "ssl.ca.location": certificate_of(closed),
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.client.id": name,
                "sasl.oauthbearer.client.secret": secret,
                "sasl.oauthbearer.token.endpoint.url": f"{closed.url}/v3/auth/token",
                "log_level": 0,
                "error_cb": lambda error, errors=errors: errors.append(str(error)),
            }
        )
        if is_good:
            assert client.list_topics(timeout=60).brokers
            continue
        for _ in range(100):
            client.poll(0.2)
            if errors:
                break
        assert "invalid_client" in errors[0]


async def test_connections_by_tokens_are_cut_when_the_login_they_came_of_is_over(
    closed: NodeProcess,
) -> None:
    login = {"grant_type": "client_credentials"}
    auth = (ADMIN, admin_secret(closed))
    async with httpx.AsyncClient(base_url=closed.url, timeout=60) as client:
        leaving, staying = [
            (await client.post("/v3/auth/token", data=login, auth=auth)).json() for _ in "12"
        ]
        peers = [await by_token(closed, leaving["access_token"]) for _ in range(10)]
        kept = await by_token(closed, staying["access_token"])
        gone = time.monotonic()
        await client.post("/v3/auth/revoke", data={"token": leaving["refresh_token"]})
        cut = await asyncio.gather(*(one.is_closed() for one in peers))

    assert cut == [True] * 10
    assert time.monotonic() - gone < 5
    kept.send(ApiVersionsRequest(), 0, 9)
    assert (await kept.receive())[0] == 9
    for one in (*peers, kept):
        one.close()


async def by_token(node: NodeProcess, token: str) -> Peer:
    """Return a connection that has logged in by OAUTHBEARER."""
    tls = client_context(believes=Path(certificate_of(node)))
    peer = Peer(*await asyncio.open_connection("127.0.0.1", node.kafka_port, ssl=tls))
    peer.send(SaslHandshakeRequest(mechanism="OAUTHBEARER"), 1, 1)
    await peer.receive()
    shown = f"n,,\x01auth=Bearer {token}\x01\x01"
    peer.send(SaslAuthenticateRequest(auth_bytes=shown.encode()), 2, 2)
    answer = response_of((await peer.receive())[1], SaslAuthenticateResponse, 2)[1]
    assert answer.error_code == 0
    return peer


class LaterKey(AsyncTokenProvider):  # type: ignore[misc] # untyped
    """Gives an API key as a token to aiokafka."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def token(self) -> str:
        return self._key


async def test_aiokafka_logs_in_by_each_mechanism(closed: NodeProcess) -> None:
    secret, key = admin_secret(closed), api_key(closed)
    for mechanism in (*MECHANISMS, "OAUTHBEARER"):
        client = AIOKafkaAdminClient(
            bootstrap_servers=closed.bootstrap,
            security_protocol="SASL_SSL",
            ssl_context=client_context(believes=Path(certificate_of(closed))),
            sasl_mechanism=mechanism,
            sasl_plain_username=ADMIN,
            sasl_plain_password=secret,
            sasl_oauth_token_provider=LaterKey(key) if mechanism == "OAUTHBEARER" else None,
        )
        await client.start()
        assert (await client.describe_cluster())["brokers"]
        await client.close()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_kcat_logs_in(closed: NodeProcess, mechanism: str) -> None:
    settings = {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": certificate_of(closed),
        "sasl.mechanism": mechanism,
        "sasl.username": ADMIN,
        "sasl.password": admin_secret(closed),
    }
    options = [part for one in settings.items() for part in ("-X", "=".join(one))]
    program = shutil.which("kcat")
    assert program is not None, "the tests need Debian's package kcat"

    ran = subprocess.run(
        [program, "-b", closed.bootstrap, "-L", "-J", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert closed.bootstrap in ran.stdout


def test_java_logs_in_by_each_mechanism_and_as_an_unknown_user_does_not(
    closed: NodeProcess, tmp_path: Path
) -> None:
    program = ClientPrograms(tmp_path).java_logins
    given = {"CAUCE_PASSWORD": admin_secret(closed), "CAUCE_KEY": api_key(closed)}

    ran = subprocess.run(
        [*program, closed.bootstrap, certificate_of(closed)],
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "everything held" in ran.stdout


def test_librdkafka_makes_a_user_s_scram_credential_with_which_it_logs_in(
    closed: NodeProcess,
) -> None:
    name, password = "made-by-librdkafka", "correct horse"
    admin, _ = librdkafka(closed, "SCRAM-SHA-512", ADMIN, admin_secret(closed))
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096)
    put = UserScramCredentialUpsertion(name, credential, password.encode())
    rule = AclBinding(
        ResourceType.TOPIC,
        "*",
        ResourcePatternType.LITERAL,
        f"User:{name}",
        "*",
        AclOperation.DESCRIBE,
        AclPermissionType.ALLOW,
    )
    admin.alter_user_scram_credentials([put])[name].result(60)
    for created in admin.create_acls([rule]).values():
        created.result(60)
    described = admin.describe_user_scram_credentials([name])[name].result(60)

    (found,) = described.scram_credential_infos
    assert (found.mechanism, found.iterations) == (ScramMechanism.SCRAM_SHA_256, 4096)
    user, errors = librdkafka(closed, "SCRAM-SHA-256", name, password)
    assert user.list_topics(timeout=60).brokers
    assert errors == []
    everybody = admin.describe_user_scram_credentials().result(60)
    assert {ADMIN, name} <= everybody.keys()
    gone = UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_256)
    admin.alter_user_scram_credentials([gone])[name].result(60)
    with pytest.raises(KafkaException) as refused:
        admin.describe_user_scram_credentials([name])[name].result(60)
    assert refused.value.args[0].code() == KafkaError.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_librdkafka_logs_in_and_as_an_unknown_user_does_not(
    closed: NodeProcess, mechanism: str
) -> None:
    name = f"made-with-{mechanism}"
    client, _ = librdkafka(closed, mechanism, ADMIN, admin_secret(closed))
    client.create_topics([NewTopic(name, 1)])[name].result(60)
    stranger, errors = librdkafka(closed, mechanism, mechanism, "wrong")
    for _ in range(100):
        stranger.poll(0.2)
        if errors:
            break

    assert name in client.list_topics(timeout=60).topics
    assert KafkaError._AUTHENTICATION in errors


def test_confluent_s_registry_client_logs_in_by_password_over_http(closed: NodeProcess) -> None:
    secret = admin_secret(closed)
    client, stranger = (
        SchemaRegistryClient({"url": closed.url, "basic.auth.user.info": f"{ADMIN}:{shown}"})
        for shown in (secret, "wrong")
    )

    client.register_schema("logged-in-value", Schema('"string"', "AVRO"))

    assert "logged-in-value" in client.get_subjects()
    with pytest.raises(SchemaRegistryError) as refused:
        stranger.get_subjects()
    assert (refused.value.http_status_code, refused.value.error_code) == (401, 40101)
