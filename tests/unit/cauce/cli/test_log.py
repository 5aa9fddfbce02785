import json
from pathlib import Path

import pytest

from cauce.cli import exit_codes
from storage.files import Disk
from tests.support.fake_rest_server import FakeRestServer
from tests.support.log_files import make_data_directory
from tests.support.run_cli import Outcome, run_cli


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make_data_directory(tmp_path / "data", partitions=1)


@pytest.fixture
def data(log: Path) -> Path:
    return log.parents[2]


def run(*arguments: object) -> Outcome:
    return run_cli(FakeRestServer(), "log", *map(str, arguments))


def damage(log: Path) -> None:
    path = sorted(log.glob("*.log"))[1]
    content = bytearray(path.read_bytes())
    content[70] ^= 1
    path.write_bytes(content)


def test_verify_says_what_a_whole_log_holds(log: Path, data: Path) -> None:
    outcome = run("verify", data)

    assert outcome.status == 0
    assert outcome.stdout.decode().startswith(f"{log}: 3 segments, ")
    assert len(outcome.stdout.splitlines()) == 1


def test_verify_names_damage_and_ends_with_4(log: Path, data: Path) -> None:
    damage(log)

    text, lines = run("verify", log), run("verify", data, "--json")

    assert text.status == lines.status == exit_codes.RECORDS_LOST == 4
    assert "LOSS     damaged-batch" in text.stdout.decode()
    (finding,) = json.loads(lines.stdout)["findings"]
    assert (finding["kind"], finding["position"]) == ("damaged-batch", 0)


def test_verify_ends_with_1_if_something_is_to_be_rebuilt(log: Path, data: Path) -> None:
    next(log.glob("*.timeindex")).unlink()

    assert run("verify", data).status == 1


def test_verify_speaks_of_strangers_on_standard_error(data: Path) -> None:
    (data / "logs" / "notes.txt").write_text("mine")

    outcome = run("verify", data)

    assert outcome.status == 0
    assert "foreign-file  notes.txt" in outcome.stderr


def test_a_path_that_is_no_log_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    for command in ("verify", "dump", "repair"):
        outcome = run(command, empty)
        assert outcome.status == exit_codes.REFUSED
        assert outcome.stderr.startswith("cauce: ")
        assert run(command, tmp_path / "missing").status == exit_codes.USAGE


def test_dump_prints_batches_and_with_records_their_records(log: Path) -> None:
    path = sorted(log.glob("*.log"))[0]

    batches, records = run("dump", path), run("dump", path, "--records")

    assert batches.status == records.status == 0
    first = batches.stdout.decode().splitlines()
    assert first[:2] == [f"Dumping {path}", "Log starting offset: 0"]
    assert first[2].startswith("baseOffset: 0 lastOffset: ")
    assert b"| offset: 0 CreateTime: " not in batches.stdout
    assert b"| offset: 0 CreateTime: " in records.stdout


def test_dump_of_a_directory_has_all_files_also_as_json(log: Path) -> None:
    lines = [json.loads(line) for line in run("dump", log, "-r", "--json").stdout.splitlines()]

    assert {line["type"] for line in lines} == {
        "file", "batch", "record", "offset_entry", "time_entry", "aborted_transaction",
        "producer", "epoch",
    }  # fmt: skip


def test_dump_goes_on_behind_damage_and_ends_with_4(log: Path) -> None:
    damage(log)
    path = sorted(log.glob("*.log"))[1]

    outcome = run("dump", path)

    assert outcome.status == exit_codes.RECORDS_LOST
    lines = outcome.stdout.decode().splitlines()
    assert lines[2].startswith("! damaged: ")
    assert lines[3].startswith("baseOffset: ")


def test_repair_tries_repairs_and_is_then_content(log: Path, data: Path) -> None:
    damage(log)

    tried, done, again = run("repair", data, "-n"), run("repair", data), run("repair", data)

    assert tried.status == done.status == exit_codes.RECORDS_LOST
    assert "would be taken out" in tried.stdout.decode()
    assert "what was taken out lies in" in done.stdout.decode()
    assert again.status == 0
    assert run("verify", data).status == 0


def test_repair_says_as_json_what_is_lost(log: Path, data: Path) -> None:
    damage(log)

    found = json.loads(run("repair", data, "--json").stdout)

    (lost,) = found["lost_offsets"]
    assert lost["start_offset"] == int(sorted(log.glob("*.log"))[1].stem)
    assert found["after"]["severity"] == "NOTE"
    assert list(Path(found["aside"]).iterdir()) != []


def test_repair_refuses_on_a_running_node(log: Path, data: Path) -> None:
    damage(log)
    lock = Disk().lock(data / ".lock")
    assert lock is not None

    outcome = run("repair", data)

    lock.release()
    assert outcome.status == exit_codes.REFUSED
    assert "in use by another process" in outcome.stderr
    assert outcome.stdout == b""
