"""curl, as people write it: one process a request."""

import json
import subprocess
from typing import Any, NamedTuple

SECONDS_MAX = 60


class Answer(NamedTuple):
    """What curl was answered."""

    status: int
    content_type: str
    text: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, int]:
        """Status and code of an error."""
        return self.status, int(self.json["error_code"])


def curl(*arguments: str) -> Answer:
    """Run curl and return what it was answered."""
    command = ["curl", "--silent", "--show-error", "--max-time", str(SECONDS_MAX)]
    ran = subprocess.run(
        [*command, "--write-out", "\n%{http_code} %{content_type}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    text, _, last = ran.stdout.rpartition("\n")
    status, _, content_type = last.partition(" ")
    return Answer(int(status), content_type, text)
