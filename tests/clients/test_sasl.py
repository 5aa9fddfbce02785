"""Clients that are not ours log in to a node that lets nobody else in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

ADMIN = "admin"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data", "--authentication", "required")
    node.start()
    yield node
    assert node.stop() == 0


def admin_secret(node: NodeProcess) -> str:
    return Path(node.directory, "admin.secret").read_text().strip()


def kafka_python(node: NodeProcess, mechanism: str, user: str, password: str) -> KafkaAdminClient:
    return KafkaAdminClient(
        bootstrap_servers=node.bootstrap,
        security_protocol="SASL_PLAINTEXT",
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
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": password,
            "error_cb": lambda error: errors.append(error.code()),
        }
    )
    return client, errors


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
