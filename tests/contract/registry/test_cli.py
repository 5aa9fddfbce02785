"""``cauce schema`` against a real node: a schema's whole life."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import NodeProcess
from tests.support.run_cli import Outcome, run_cli_over_network

pytestmark = pytest.mark.slow

FIRST = {"type": "record", "name": "O", "fields": [{"name": "id", "type": "long"}]}
NEXT = {**FIRST, "fields": [*FIRST["fields"], {"name": "n", "type": "int", "default": 0}]}
BAD = {**FIRST, "fields": [{"name": "other", "type": "long"}]}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    yield node
    assert node.stop() == 0


def test_a_schema_is_registered_checked_compared_and_deleted(
    node: NodeProcess, tmp_path: Path
) -> None:
    def cauce(*arguments: object, status: int = 0) -> Outcome:
        outcome = run_cli_over_network(node.url, "schema", *map(str, arguments))
        assert outcome.status == status, outcome.stderr
        return outcome

    files = {}
    for name, schema in {"first": FIRST, "next": NEXT, "bad": BAD}.items():
        files[name] = tmp_path / f"{name}.avsc"
        files[name].write_text(json.dumps(schema))

    planned = cauce("register", "a/b", files["first"], "--dry-run")
    assert "would become version 1" in planned.stderr
    assert cauce("list").stdout.count(b"\n") == 1, "nothing was registered"
    assert "is version 1 of a/b, id 1" in cauce("register", "a/b", files["first"]).stderr
    assert cauce("check", "a/b", files["next"]).stderr == "compatible\n"
    refused = cauce("check", "a/b", files["bad"], status=1)
    assert b"READER_FIELD_MISSING_DEFAULT_VALUE" in refused.stdout
    cauce("register", "a/b", files["bad"], status=1)
    cauce("register", "a/b", files["bad"], "--dry-run", status=1)
    cauce("register", "a/b", files["next"])
    assert b'+      "default": 0' in cauce("diff", "a/b", 1, 2).stdout
    assert json.loads(cauce("get", "--id", 2).stdout)["fields"][1]["name"] == "n"
    row = json.loads(cauce("list", "--prefix", "a/", "--json").stdout)
    assert row == {"subject": "a/b", "type": "AVRO", "version": 2, "id": 2}

    assert cauce("compat", "NONE", "-s", "a/b").stdout == b"NONE\n"
    cauce("register", "a/b", files["bad"])
    assert cauce("compat", "--unset", "-s", "a/b").stdout == b"BACKWARD\n"
    assert cauce("mode", "READONLY", "-s", "a/b").stdout == b"READONLY\n"
    cauce("delete", "a/b", "--yes", status=1)
    assert cauce("mode", "--unset", "-s", "a/b").stdout == b"READWRITE\n"
    assert "3" in cauce("delete", "a/b", "--version", 3, "--yes").stderr
    assert "1, 2" in cauce("delete", "a/b", "--yes").stderr
    assert "1, 2, 3" in cauce("delete", "a/b", "--permanent", "--yes").stderr
    assert "not found" in cauce("get", "a/b", status=1).stderr
