"""The process: refusals and their exit status, the banner, what a signal does and leaves."""

import asyncio
import gc
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from app.api.front import Front
from app.api.http_protocol import everybody, sweeper
from app.main import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    SWITCH_INTERVAL_S,
    _print_banner,
    create_app,
    serve,
)
from app.security.tls.revoked import RevokedCertificates
from app.settings import Settings
from storage.log import Log
from storage.log_dir import CLEAN_MARK
from tests.support.security.certificates import write_pair

T = TypeVar("T")
RECORD = b'{"value":{"type":"STRING","data":"v"}}'


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """Give the process its logging, signals and garbage collector back; no signal ends it."""
    names = ("", "uvicorn", "uvicorn.error", "alembic", "aiosqlite", "sqlalchemy", "httpx")
    loggers = [logging.getLogger(name) for name in (*names, "asyncio", "uvicorn.access")]
    before = [(one, one.level, list(one.handlers), one.propagate) for one in loggers]
    signals = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)
    }
    thresholds = gc.get_threshold()
    interval_s = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval_s)
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    for number, handler in signals.items():
        signal.signal(number, handler)
    for one, level, handlers, propagate in before:
        one.setLevel(level)
        one.handlers[:] = handlers
        one.propagate = propagate


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def send_signal(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def serve_while(act: Callable[[], T], directory: Path, port: int) -> tuple[int, T]:
    """Serve in this thread until the act, in another, has returned and sent its signal."""

    def act_and_stop() -> T:
        try:
            wait_until_ready(port)
            return act()
        finally:
            send_signal(signal.SIGTERM)

    with ThreadPoolExecutor(1) as executor:
        acting = executor.submit(act_and_stop)
        status = serve({"data_dir": directory, "http_port": port, "kafka_port": 0})
        return status, acting.result(timeout=30)


def wait_until_ready(port: int) -> None:
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, timeout=30) as client:
        assert client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200


def topics(port: int) -> str:
    return f"http://127.0.0.1:{port}/v3/clusters/-/topics"


def begin_request(port: int) -> socket.socket:
    """Return a connection whose produce request the server has begun to read."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(
        b"POST /v3/clusters/-/topics/t/records HTTP/1.1\r\nhost: localhost\r\n"
        b"expect: 100-continue\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(RECORD)
    )
    assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
    return connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(4096):
        received += data
    return received


def banner(capsys: pytest.CaptureFixture[str], chosen: Settings, listener: socket.socket) -> str:
    _print_banner(chosen, listener)
    return capsys.readouterr().out


def test_unknown_setting_is_an_error_of_usage_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = serve({"data_dir": tmp_path / "data", "http_prot": 1})

    assert status == EXIT_USAGE
    assert capsys.readouterr().err.startswith("cauce: unknown setting 'http_prot'; there are ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("door", ["http_port", "kafka_port"])
def test_port_in_use_is_a_failure_that_says_what_to_do_and_nothing_is_made(
    tmp_path: Path, listener: socket.socket, capsys: pytest.CaptureFixture[str], door: str
) -> None:
    port = listener.getsockname()[1]

    status = serve({"data_dir": tmp_path / "data", "http_port": 0, "kafka_port": 0, door: port})

    said = capsys.readouterr().err
    assert status == EXIT_FAILED
    assert said.startswith(f"cauce: cannot listen on 127.0.0.1:{port}: Address already in use; ")
    assert f"--{door.replace('_', '-')}" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("203.0.113.1", "203.0.113.1:0"),
        ("2001:db8::1", "[2001:db8::1]:0"),
        ("no such host", "no such host:0"),
        ("a..b", "a..b:0"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 80, ":0: encoding of hostname failed"),
    ],
)
def test_address_that_is_not_ours_is_a_failure_that_does_not_blame_the_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, where: str
) -> None:
    closed = {"authentication": "required", "host": host, "http_port": 0}
    status = serve({"data_dir": tmp_path / "data", **closed})

    said = capsys.readouterr().err
    assert status == EXIT_FAILED
    assert said.startswith("cauce: cannot listen on ")
    assert where in said
    assert "--http-port" not in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "overrides", [{"data_dir": "file"}, {"database_url": "mysql://u:secret@h"}]
)
def test_node_that_cannot_start_fails_in_one_line_without_a_banner(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    overrides: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()

    status = serve({"http_port": 0, "kafka_port": 0, **overrides})

    captured = capsys.readouterr()
    assert (status, captured.out) == (EXIT_FAILED, "")
    assert re.fullmatch(r"cauce: .+\n", captured.err)
    assert "secret" not in captured.err


def test_banner_gives_the_port_that_was_free_and_commands_that_use_it(
    capsys: pytest.CaptureFixture[str], listener: socket.socket, tmp_path: Path
) -> None:
    port = listener.getsockname()[1]

    text = banner(capsys, Settings(http_port=0, data_dir=tmp_path), listener)

    assert f"http://127.0.0.1:{port}/v3/clusters\n" in text
    assert text.count(f"http://127.0.0.1:{port}/v3/clusters/-/topics") == 3
    assert "Kafka     127.0.0.1:9092\n" in text
    assert str(tmp_path.resolve()) in text


def test_banner_gives_the_advertised_address_of_the_kafka_protocol(
    capsys: pytest.CaptureFixture[str], listener: socket.socket
) -> None:
    chosen = Settings(host="0.0.0.0", advertised_host="kafka.test", advertised_port=1234)

    assert "Kafka     kafka.test:1234\n" in banner(capsys, chosen, listener)


def test_banner_says_what_the_kafka_door_speaks(
    capsys: pytest.CaptureFixture[str], listener: socket.socket
) -> None:
    chosen = Settings(tls_cert=Path("c"), tls_key=Path("k"))

    assert "Kafka     127.0.0.1:9092 (SSL)\n" in banner(capsys, chosen, listener)


def test_banner_of_a_closed_node_begins_with_the_administrator_while_the_secret_is_there(
    capsys: pytest.CaptureFixture[str], listener: socket.socket, tmp_path: Path
) -> None:
    chosen = Settings(data_dir=tmp_path / "of mine", authentication="required")
    without = banner(capsys, chosen, listener)
    chosen.data_dir.mkdir()
    (chosen.data_dir / "admin.secret").write_text("hidden")

    beginning = banner(capsys, chosen, listener)

    assert "Clients must log in: cauce --user NAME" in without
    assert f"CAUCE_PASSWORD_FILE='{chosen.data_dir / 'admin.secret'}'\n" in beginning
    assert "cauce user create" in beginning
    assert "curl" not in without + beginning
    assert "hidden" not in beginning


def test_files_of_tls_that_cannot_be_used_are_a_failure_that_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, key = write_pair(tmp_path, "here")
    key.chmod(0o644)

    status = serve({"data_dir": tmp_path / "data", "tls_cert": certificate, "tls_key": key})

    assert status == EXIT_FAILED
    assert capsys.readouterr().err == (
        f"cauce: {key} is open to others than its owner; make its mode 0600\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("chosen", "base"),
    [
        ({"tls_cert": Path("c"), "tls_key": Path("k")}, "https://127.0.0.1:{port}"),
        ({"tls_cert": Path("c"), "http_tls": False}, "http://127.0.0.1:{port}"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:{port}"),
        ({"host": "::"}, "http://127.0.0.1:{port}"),
        ({"host": "::1"}, "http://[::1]:{port}"),
        ({"host": "kafka.test"}, "http://kafka.test:{port}"),
        ({"public_url": "https://x.test/a"}, "https://x.test/a"),
        ({"public_url": "https://x.test/a//"}, "https://x.test/a"),
        ({"public_url": "/"}, "http://127.0.0.1:{port}"),
    ],
)
def test_banner_names_an_address_that_can_be_asked(
    capsys: pytest.CaptureFixture[str],
    listener: socket.socket,
    chosen: dict[str, object],
    base: str,
) -> None:
    settings = Settings(**chosen)  # type: ignore[arg-type] # each of its field's type

    text = banner(capsys, settings, listener)

    address = base.format(port=listener.getsockname()[1])
    assert f"REST      {address}/v3/clusters\n" in text
    assert f"health    {address}/readyz\n" in text


def test_request_under_way_is_answered_after_a_signal_and_others_find_no_door(
    tmp_path: Path, port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    def act() -> tuple[bytes, bytes]:
        created = httpx.post(topics(port), json={"topic_name": "t"})
        assert created.status_code == 201
        idle = socket.create_connection(("127.0.0.1", port), timeout=30)
        with begin_request(port) as connection, idle:
            send_signal(signal.SIGTERM)
            closed = read_all(idle)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=30)
            connection.sendall(RECORD)
            return closed, read_all(connection)

    status, (closed, answer) = serve_while(act, tmp_path, port)

    assert status == EXIT_OK
    assert closed == b""
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"offset":0' in answer
    assert (tmp_path / CLEAN_MARK).exists()
    said = capfd.readouterr().err
    assert said.index("stopping: no new requests") < said.index("stopped")
    assert said.count("stopping") == 1


def test_second_interrupt_gives_up_a_request_that_does_not_end_and_the_node_ends_cleanly(
    tmp_path: Path, port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    def act() -> None:
        assert httpx.post(topics(port), json={"topic_name": "t"}).status_code == 201
        idle = socket.create_connection(("127.0.0.1", port), timeout=30)
        with begin_request(port), idle:
            send_signal(signal.SIGINT)
            read_all(idle)
            send_signal(signal.SIGINT)

    status, _ = serve_while(act, tmp_path, port)

    assert status == EXIT_OK
    assert "given up" in capfd.readouterr().err
    assert (tmp_path / CLEAN_MARK).exists()


def test_node_that_cannot_go_on_drains_and_fails(
    tmp_path: Path,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    reports: list[Callable[[], None]] = []

    def remember(
        settings: Settings, on_failure: Callable[[], None], revoked: RevokedCertificates
    ) -> Front:
        reports.append(on_failure)
        return create_app(settings, on_failure, revoked)

    monkeypatch.setattr("app.main.create_app", remember)

    status, _ = serve_while(lambda: [report() for report in reports], tmp_path, port)

    assert status == EXIT_FAILED
    assert "the node stops" in capfd.readouterr().err
    assert (tmp_path / CLEAN_MARK).exists()


class BrokenLog(Log):
    """A log with a mistake of ours in it."""

    def __init__(self) -> None:
        """Hold nothing."""

    def begin_flush(self) -> None:
        raise RuntimeError("our own mistake")


async def test_failure_is_reported_when_the_node_cannot_go_on(tmp_path: Path) -> None:
    failed = asyncio.Event()
    front = create_app(Settings(data_dir=tmp_path), failed.set)

    async with front.application.router.lifespan_context(front.application):
        assert front.context is not None
        (commit,) = front.context.replicas._commits.values()
        commit.request(BrokenLog(), lambda: None)
        await asyncio.wait_for(failed.wait(), timeout=10)


async def test_end_of_a_node_is_no_failure_and_takes_its_context_away(tmp_path: Path) -> None:
    failures: list[int] = []
    front = create_app(
        Settings(data_dir=tmp_path, public_url="http://x//"), lambda: failures.append(1)
    )

    async with front.application.router.lifespan_context(front.application):
        during = front.context
        asked = sweeper.admits
    await asyncio.sleep(0)

    assert during is not None
    assert asked == during.quotas.connect
    assert sweeper.admits is everybody
    assert front.context is None
    assert front.edge.addresses.public_url == "http://x"
    assert failures == []


def test_a_wrong_rule_for_certificates_is_a_wrong_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUCE_SSL_PRINCIPAL_MAPPING_RULE", "DEFAULT")

    status = serve({"ssl_principal_mapping_rules": "RULE:("})

    assert status == EXIT_USAGE
    told = capsys.readouterr().err
    assert "is CAUCE_SSL_PRINCIPAL_MAPPING_RULES meant?" in told
    assert "cauce: ssl_principal_mapping_rules must be" in told


def test_a_banner_that_nobody_reads_is_let_go(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        _print_banner(Settings(data_dir=tmp_path), listener)
        print("what comes later goes nowhere", flush=True)


@pytest.mark.parametrize("name", [None, "node.example"])
def test_an_address_that_the_certificate_will_not_name_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str | None
) -> None:
    certificate, key = write_pair(tmp_path, "here")
    key.chmod(0o644)  # so it ends there
    settings = {"host": "0.0.0.0", "authentication": "required", "advertised_host": name}

    serve(settings | {"tls_cert": str(certificate), "tls_key": str(key)})

    assert ("set advertised_host" in capsys.readouterr().err) == (name is None)


def test_a_node_of_its_own_lets_threads_that_have_synced_report_soon(
    tmp_path: Path, port: int
) -> None:
    status, found = serve_while(
        lambda: (sys.getswitchinterval(), gc.get_freeze_count()), tmp_path, port
    )

    assert status == 0
    assert found[0] == pytest.approx(SWITCH_INTERVAL_S)
    assert found[1] > 10_000
