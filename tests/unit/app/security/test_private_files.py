"""What a node keeps is closed to others when it begins, and nothing else is touched."""

import os
from pathlib import Path

import pytest

from app.security.private_files import keep_private, keep_secret


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    return data


def test_what_is_the_nodes_is_closed_and_that_is_said(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = (".lock", "meta.properties", "cauce.db", "cauce.db-wal", "audit.log", "audit.log.1")
    names += ("log-start-offset-checkpoint",)
    for name in names:
        (data / name).touch(mode=0o644)
    (data / "logs").mkdir(mode=0o755)

    keep_private([data])

    assert {mode(data / name) for name in names} == {0o600}
    assert mode(data / "logs") == 0o700
    assert mode(data) == 0o755
    assert f"{data / 'cauce.db'}: its mode is 0600 now, was 0644" in caplog.text
    caplog.clear()
    keep_private([data])
    assert caplog.text == ""


def test_what_is_not_the_nodes_is_left_alone(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    for path in (data / "notes.txt", elsewhere):
        path.touch(mode=0o644)
    (data / "cauce.db").symlink_to(elsewhere)

    keep_private([data, tmp_path / "nowhere"])

    assert (mode(data / "notes.txt"), mode(elsewhere)) == (0o644, 0o644)


def test_directory_that_others_can_write_to_is_warned_about_once(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data.chmod(0o775)

    keep_private([data, data])

    assert caplog.text.count(f"others can write to {data}: chmod 700 it") == 1


def test_password_that_others_may_have_read_is_closed_and_said_to_be_known(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = data / "admin.secret"
    secret.touch(mode=0o644)

    keep_private([data])
    assert (mode(secret), caplog.text) == (0o644, "")
    keep_secret(data)
    assert mode(secret) == 0o600
    assert f"{secret}: its mode is 0600 now, was 0644" in caplog.text
    assert "change the password of admin" in caplog.text
    caplog.clear()
    keep_secret(data)
    secret.unlink()
    keep_secret(data)
    assert caplog.text == ""


def test_what_cannot_be_closed_is_said(
    data: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "cauce.db").touch(mode=0o644)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(Path, "chmod", refuse)
    keep_private([data])

    assert "mode 0644: Operation not permitted" in caplog.text
