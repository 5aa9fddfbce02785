"""The first admin: made once, its password in a file of its own, whatever moment a node ends."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cluster.errors import DatabaseUnavailable
from app.security.audit.audit import AuditUnwritable, NoAudit
from app.security.audit.event import Result
from app.security.bootstrap import FILE, InsecureFile, ensure_admin
from app.security.principal import Principal
from app.security.watcher import SecurityWatcher
from tests.support.security.audited import FakeAudit
from tests.support.security.login import Login, login


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Login]:
    async with login(tmp_path) as node:
        await node.watcher.refresh()
        yield node


async def test_admin_logs_in_with_what_is_in_the_file_and_no_log_has_it(
    node: Login, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    await ensure_admin(node.watcher, node.passwords, tmp_path, NoAudit())

    path = tmp_path / FILE
    secret = path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(secret) >= 32
    assert secret not in caplog.text
    assert str(path) in caplog.text
    assert await node.authenticator.password("admin", secret, "h") == Principal("admin")
    assert {mechanism for _, mechanism in node.watcher.image.scram} == {
        "SCRAM-SHA-256",
        "SCRAM-SHA-512",
    }


async def test_nothing_is_made_where_there_is_a_user(node: Login, tmp_path: Path) -> None:
    await node.catalog.create_user("alice")
    await node.watcher.refresh()

    await ensure_admin(node.watcher, node.passwords, tmp_path, NoAudit())

    assert not (tmp_path / FILE).exists()
    assert list((await node.watcher.refresh()).users) == ["alice"]


async def test_file_of_a_start_that_did_not_get_to_the_user_is_taken_up(
    node: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(node.catalog, "create_user", away)
        with pytest.raises(DatabaseUnavailable):
            await ensure_admin(node.watcher, node.passwords, tmp_path, NoAudit())
    secret = (tmp_path / FILE).read_text().strip()

    await ensure_admin(node.watcher, node.passwords, tmp_path, NoAudit())

    assert (tmp_path / FILE).read_text().strip() == secret
    await node.authenticator.password("admin", secret, "h")


async def test_half_a_file_of_a_crash_is_not_taken_for_one(node: Login, tmp_path: Path) -> None:
    (tmp_path / "admin.new").write_text("half")

    await ensure_admin(node.watcher, node.passwords, tmp_path, NoAudit())

    assert "half" not in (tmp_path / FILE).read_text()
    assert not (tmp_path / "admin.new").exists()


async def test_of_two_nodes_one_makes_the_admin_and_the_other_keeps_no_file(
    node: Login, tmp_path: Path
) -> None:
    second = SecurityWatcher(node.catalog)
    await second.refresh()
    ours, theirs = tmp_path / "1", tmp_path / "2"
    ours.mkdir()
    theirs.mkdir()
    await ensure_admin(node.watcher, node.passwords, ours, NoAudit())

    await ensure_admin(second, node.passwords, theirs, NoAudit())

    assert [path.name for path in ours.iterdir()] == [FILE]
    assert list(theirs.iterdir()) == []
    assert second.image is not None
    assert list(second.image.users) == ["admin"]


async def test_file_that_others_can_read_is_refused(node: Login, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("known to all")
    (tmp_path / FILE).chmod(0o644)

    with pytest.raises(InsecureFile, match="chmod 600"):
        await ensure_admin(node.watcher, node.passwords, tmp_path, NoAudit())

    assert (await node.watcher.refresh()).users == {}


async def test_first_user_is_written_down_before_it_is_made(node: Login, tmp_path: Path) -> None:
    audit = FakeAudit(is_failing=True)
    with pytest.raises(AuditUnwritable):
        await ensure_admin(node.watcher, node.passwords, tmp_path, audit)
    assert not (await node.watcher.refresh()).users

    audit.is_failing = False
    await ensure_admin(node.watcher, node.passwords, tmp_path, audit)

    begun, ended = audit.kept
    assert (begun.method, begun.items, str(begun.principal)) == (
        "CreateUser",
        ("user admin",),
        "Node:self",
    )
    assert (ended.result, ended.request_id) == (Result.SUCCESS, begun.request_id)
