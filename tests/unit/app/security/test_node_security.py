"""The security of a node: open or closed, and what its end leaves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.security.bootstrap import FILE, InsecureFile
from app.security.errors import AuthenticationFailed
from app.security.node_security import NodeSecurity
from app.security.principal import Principal
from app.telemetry.clock import SystemClock


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    yield catalog
    await catalog.close()


async def test_open_node_makes_no_user_and_believes_nobody_who_says_to_be_one(
    catalog: Catalog, tmp_path: Path
) -> None:
    security = await NodeSecurity.open(catalog, SystemClock(), tmp_path, is_required=False)
    with pytest.raises(AuthenticationFailed):
        security.authenticator.api_key("cauce_x", "127.0.0.1")
    security.close()

    assert security.watcher.image is not None
    assert security.watcher.image.users == {}
    assert not (tmp_path / FILE).exists()


@pytest.mark.slow
async def test_closed_node_lets_its_admin_in_and_follows_changes_until_it_ends(
    catalog: Catalog, tmp_path: Path
) -> None:
    security = await NodeSecurity.open(catalog, SystemClock(), tmp_path, is_required=True)
    running = asyncio.create_task(security.run())
    secret = (tmp_path / FILE).read_text().strip()

    admin = await security.authenticator.password("admin", secret, "127.0.0.1")
    cut = asyncio.Event()
    security.open_connections.enter(admin, cut.set)
    await security.watcher.catalog.delete_user("admin")
    await asyncio.wait_for(cut.wait(), timeout=60)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await security.stop()
    security.close()

    assert admin == Principal("admin")


@pytest.mark.parametrize("is_required", [True, False])
async def test_password_is_taken_from_others_once_its_user_is_there(
    catalog: Catalog, tmp_path: Path, is_required: bool
) -> None:
    first = await NodeSecurity.open(catalog, SystemClock(), tmp_path, is_required=True)
    first.close()
    (tmp_path / FILE).chmod(0o644)

    again = await NodeSecurity.open(catalog, SystemClock(), tmp_path, is_required=is_required)
    again.close()

    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


async def test_start_that_is_refused_leaves_no_thread(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("x")
    (tmp_path / FILE).chmod(0o640)

    with pytest.raises(InsecureFile):
        await NodeSecurity.open(catalog, SystemClock(), tmp_path, is_required=True)
