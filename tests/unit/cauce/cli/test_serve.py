import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.fake_rest_server import FakeRestServer
from tests.support.run_cli import run_cli


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What a node was asked to start with; it ends at once with status 7."""
    overrides_seen: list[dict[str, object]] = []
    node = ModuleType("app.main")

    def serve(overrides: dict[str, object]) -> int:
        overrides_seen.append(overrides)
        return 7

    node.serve = serve  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, "app.main", node)
    return overrides_seen


def test_serve_passes_on_only_what_was_given(started: list[dict[str, object]]) -> None:
    outcome = run_cli(FakeRestServer(), "serve")

    assert started == [{}]
    assert outcome.status == 7


def test_serve_passes_on_every_option(started: list[dict[str, object]], tmp_path: Path) -> None:
    file = tmp_path / "cauce.toml"
    file.touch()
    arguments = (
        f"--data-dir {tmp_path} --log-dirs a,b --log-reserve-bytes 5 --http-port 0 "
        f"--kafka-port 1 --host ::1 --database-url sqlite:// --log-level debug --log-format json "
        f"--config {file} --node-id 2 --public-url http://x --advertised-host h "
        f"--advertised-port 2 --no-auto-create-topics --rest-compat karapace"
    ).split()

    run_cli(FakeRestServer(), "serve", *arguments)

    assert started == [
        {
            "data_dir": tmp_path,
            "log_dirs": "a,b",
            "log_reserve_bytes": 5,
            "http_port": 0,
            "kafka_port": 1,
            "advertised_host": "h",
            "advertised_port": 2,
            "auto_create_topics": False,
            "host": "::1",
            "database_url": "sqlite://",
            "log_level": "debug",
            "log_format": "json",
            "config_file": file,
            "node_id": 2,
            "public_url": "http://x",
            "rest_compat": "karapace",
        }
    ]


@pytest.mark.parametrize(
    "arguments",
    [("--http-port", "65536"), ("--log-level", "loud"), ("--config", "/no/such/file")],
)
def test_serve_refuses_wrong_options(
    started: list[dict[str, object]], arguments: tuple[str, str]
) -> None:
    assert run_cli(FakeRestServer(), "serve", *arguments).status == 2
    assert started == []


def test_help_names_every_option_in_full_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    run_cli(FakeRestServer(), "serve", "--help")

    shown = capsys.readouterr().out
    assert "--kafka-security-protocol " in shown
    assert "…" not in shown
