"""Members of a consumer group with the clients of other languages, and kcat."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from tests.support.client_programs import ClientPrograms
from tests.support.groups.members import ROOT, MemberProcess

KCAT_ASSIGNED = re.compile(r"% Group \S+ rebalanced .*assigned: (.*)")
KCAT_RECORD = re.compile(r"(\d+) (\d+)")


def member_of(programs: ClientPrograms) -> type[MemberProcess]:
    """Return what starts members whose kind is the name of a program."""

    class ProgramMember(MemberProcess):
        def _command(self, kind: str, bootstrap: str, options: Mapping[str, str]) -> Sequence[str]:
            what = (options["group"], options["topic"], options.get("strategy", ""))
            return (*getattr(programs, kind), "group", bootstrap, *what)

    return ProgramMember


class KcatMember(MemberProcess):
    """kcat commits on its own and does not say when; the time of its lines is when they came."""

    def _command(self, kind: str, bootstrap: str, options: Mapping[str, str]) -> Sequence[str]:
        settings = {
            "auto.offset.reset": "earliest",
            "session.timeout.ms": "2000",
            "heartbeat.interval.ms": "300",
            "auto.commit.interval.ms": "100",
            "log_level": "0",
        }
        flags = [flag for name, value in settings.items() for flag in ("-X", f"{name}={value}")]
        how = (kind, "-b", bootstrap, "-E", "-u", "-f", r"%p %o\n", *flags)
        return (*how, "-G", options["group"], options["topic"])

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        both = subprocess.STDOUT  # in one pipe its assignments stay before its records
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=both)
        self._lines.touch()
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        return process

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout, self._lines.open("a") as lines, self._log.open("a") as log:
            for raw in process.stdout:
                text = raw.decode()
                log.write(text)
                log.flush()
                seen = _said(text)
                if seen is not None:
                    lines.write(json.dumps({**seen, "at": time.monotonic()}) + "\n")
                    lines.flush()


def _said(text: str) -> dict[str, object] | None:
    """Return what a line of kcat's says; None if it is about something else, or torn."""
    if not text.endswith("\n"):
        return None
    record = KCAT_RECORD.fullmatch(text.strip())
    if record:
        return {"what": "got", "partition": int(record[1]), "offset": int(record[2])}
    assigned = KCAT_ASSIGNED.match(text)
    if assigned:
        return {
            "what": "assigned",
            "partitions": [int(one) for one in re.findall(r"\[(\d+)\]", assigned[1])],
        }
    return None
