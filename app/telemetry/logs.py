"""Structured logs on stderr: one line an event, as text for people or JSON for machines.

Control characters in what is logged are escaped, so that input cannot forge lines or drive a
terminal.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from math import inf

NOT_HTTP = "Invalid HTTP request received."
"""uvicorn's words for a request that was refused before it was whole."""

_TEXT = "%(time)s %(levelname)-7s %(name)s: %(line)s"


class _Formatter(logging.Formatter):
    """Formats one record on one line."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__(_TEXT)
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        if self._as_json:
            entry = {
                "time": time,
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
            }
            return json.dumps(entry, ensure_ascii=True)
        record.time = time
        record.line = "\n  ".join(_escape(line) for line in message.split("\n"))
        return self.formatMessage(record)


class Seldom(logging.Filter):
    """Lets one entry of a wording through in a while, and says how many were left out since."""

    def __init__(self, wording: str, every_s: float = 10.0) -> None:
        """Look after one wording.

        Args:
            wording: The message before its arguments; others pass.
            every_s: The while.
        """
        super().__init__()
        self._wording = wording
        self._every_s = every_s
        self._passed_at = -inf
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether an entry passes."""
        if record.msg != self._wording:
            return True
        if record.created - self._passed_at < self._every_s:
            self._left_out += 1
            return False
        if self._left_out:
            record.msg = f"{record.msg} ({self._left_out} more since the last one)"
        self._passed_at, self._left_out = record.created, 0
        return True


def configure_logs(level: str, log_format: str) -> None:
    """Send all logs from a level on to stderr.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: ``text`` or ``json``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(as_json=log_format == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "aiosqlite", "sqlalchemy", "httpx", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(max(logging.WARNING, root.level))
    uvicorn.filters[:] = [Seldom(NOT_HTTP)]  # anybody can send such


def _escape(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in line
    )
