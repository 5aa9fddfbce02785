"""A metadata database whose tables are there already: making them is half of a node's first start.

First starts by themselves are tested elsewhere (``tests/unit/app/test_wiring.py``, every process).
"""

import asyncio
import atexit
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from app.cluster.database import create_engine, sqlite_url
from app.cluster.schema import migrate
from app.wiring import DATABASE_FILE


def put_database(directory: Path) -> None:
    """Put an empty database into a data directory that has none."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = directory / DATABASE_FILE
    if not there.exists():
        shutil.copy2(_template(), there)


@cache
def _template() -> Path:
    home = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, home)
    path = home / DATABASE_FILE

    async def make() -> None:
        engine = create_engine(sqlite_url(path))
        await migrate(engine)
        await engine.dispose()

    with ThreadPoolExecutor(1) as beside:  # whoever asks may be in a loop
        beside.submit(asyncio.run, make()).result()
    path.chmod(0o600)
    return path
