"""Logs: one line an event that no input can forge, on stderr, from a level on."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telemetry.logs import NOT_HTTP, Seldom, _Formatter, configure_logs

NAMED = ("alembic", "aiosqlite", "sqlalchemy", "httpx", "asyncio", "uvicorn", "uvicorn.error")
HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 (\w+) +([\w.]+): (.*)", re.DOTALL)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Give the process its logging back."""
    loggers = [logging.getLogger(name) for name in ("", *NAMED)]
    before = [
        (one, one.level, list(one.handlers), list(one.filters), one.propagate) for one in loggers
    ]
    yield
    for one, level, handlers, filters, propagate in before:
        one.setLevel(level)
        one.handlers[:], one.filters[:] = handlers, filters
        one.propagate = propagate


def record(message: str, *arguments: object, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord("app.x", logging.WARNING, "f", 1, message, arguments, exc_info)


def failure() -> Any:
    try:
        raise ValueError("line\nforged \x1b[2J")
    except ValueError:
        return sys.exc_info()


def as_text(one: logging.LogRecord) -> str:
    return _Formatter(as_json=False).format(one)


def as_json(one: logging.LogRecord) -> dict[str, str]:
    line = _Formatter(as_json=True).format(one)
    assert "\n" not in line
    assert line.isascii()
    return dict(json.loads(line))


def test_line_of_text_has_time_level_logger_and_message() -> None:
    found = HEAD.fullmatch(as_text(record("%s of %d", "one", 2)))

    assert found is not None
    assert found.groups() == ("WARNING", "app.x", "one of 2")


def test_object_of_json_has_time_level_logger_and_message() -> None:
    found = as_json(record("%s of %d", "one", 2))

    assert list(found) == ["time", "level", "logger", "message"]
    assert (found["level"], found["logger"], found["message"]) == ("warning", "app.x", "one of 2")


def test_time_is_the_same_in_both_forms() -> None:
    one = record("x")

    assert as_text(one).startswith(as_json(one)["time"])


@given(st.text(st.characters(exclude_categories=[])))
def test_no_message_begins_a_line_or_drives_a_terminal(message: str) -> None:
    first, *more = as_text(record("%s", message)).split("\n")

    assert HEAD.fullmatch(first)
    assert all(line.startswith("  ") for line in more)
    assert all(line.isprintable() for line in (first, *more))
    assert len(more) == message.count("\n")


@given(st.text(st.characters(exclude_categories=[])))
def test_json_keeps_every_message_whole(message: str) -> None:
    assert as_json(record("%s", message))["message"] == message


@given(st.text().filter(str.isprintable))
def test_printable_text_of_any_script_stays_as_it_is(message: str) -> None:
    assert as_text(record("%s", message)).endswith(f": {message}")


def test_traceback_stands_indented_under_its_message_and_is_escaped() -> None:
    first, *more = as_text(record("failed", exc_info=failure())).split("\n")

    assert first.endswith("failed")
    assert more[0] == "  Traceback (most recent call last):"
    assert more[-2:] == ["  ValueError: line", "  forged \\x1b[2J"]


def test_traceback_is_part_of_the_message_in_json() -> None:
    message = as_json(record("failed", exc_info=failure()))["message"]

    assert message.startswith("failed\nTraceback (most recent call last):")
    assert message.endswith("ValueError: line\nforged \x1b[2J")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_logs_below_the_level_are_left_out(level: str, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(level, "json")

    for name in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("app.x"), name)("said")
    captured = capfd.readouterr()

    said = [json.loads(line)["level"] for line in captured.err.splitlines()]
    assert said == ["debug", "info", "warning", "error"][-len(said) :]
    assert said[0] == level
    assert captured.out == ""


def test_configuring_again_replaces_what_was(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("debug", "json")
    configure_logs("info", "text")

    logging.getLogger("app.x").info("once")

    assert HEAD.fullmatch(capfd.readouterr().err.removesuffix("\n"))


@pytest.mark.parametrize("name", ["sqlalchemy", "aiosqlite", "alembic", "httpx", "asyncio"])
def test_libraries_say_only_what_matters(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("debug", "text")

    logging.getLogger(f"{name}.inner").info("chatter")
    logging.getLogger(f"{name}.inner").warning("matters")

    assert [line[-7:] for line in capfd.readouterr().err.splitlines()] == ["matters"]


def test_libraries_are_no_louder_than_the_level(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("error", "text")

    for name in NAMED:
        logging.getLogger(name).warning("said")

    assert capfd.readouterr().err == ""


def test_the_server_logs_through_ours_once(capfd: pytest.CaptureFixture[str]) -> None:
    server = logging.getLogger("uvicorn.error")
    server.addHandler(logging.StreamHandler(sys.stderr))
    server.propagate = False
    configure_logs("info", "text")

    server.info("Started server process")
    server.error("x\x07")

    assert capfd.readouterr().err.endswith("ERROR   uvicorn.error: x\\x07\n")
    assert server.handlers == []


def test_what_anybody_can_cause_is_told_seldom_with_how_often_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "text")
    for _ in range(50):
        logging.getLogger("uvicorn.error").warning(NOT_HTTP)
    logging.getLogger("uvicorn.error").warning("another")

    lines = capsys.readouterr().err.splitlines()
    assert [line.split("uvicorn.error: ")[1] for line in lines] == [NOT_HTTP, "another"]


def test_seldom_lets_one_through_in_a_while_and_counts_the_rest() -> None:
    seldom = Seldom("no", every_s=10)
    found = []
    for second in (0, 1, 9, 10, 11, 30):
        one = record("no")
        one.created = 1_000.0 + second
        if seldom.filter(one):
            found.append((second, one.getMessage()))

    assert found == [
        (0, "no"),
        (10, "no (2 more since the last one)"),
        (30, "no (1 more since the last one)"),
    ]
