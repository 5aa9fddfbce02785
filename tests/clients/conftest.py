"""A node for all tests of a module, as its users start one."""

from collections.abc import Iterator

import pytest

from tests.support.node import NodeProcess


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node; it has to end cleanly."""
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    yield node
    assert node.stop() == 0
