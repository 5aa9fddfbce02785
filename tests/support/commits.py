"""The real input of tests: commits of four public repositories, oldest first.

Where the data is not beside the project, a seeded generator of the same shape stands in.
"""

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

COUNT = 21_064
REPOSITORIES = ("apache/kafka", "apache/flink", "apache/pulsar", "apache/avro")
_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "commits.ndjson.gz"

Commit = dict[str, Any]


def load_commits(limit: int | None = None) -> list[Commit]:
    """Return the commits, or as many of the first as asked for."""
    path = Path(os.environ.get("CAUCE_COMMITS", _DATA))
    if not path.exists():
        return generate_commits(limit if limit is not None else COUNT)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for _, line in zip(range(limit or COUNT), lines, strict=False)]


def generate_commits(count: int, seed: int = 7) -> list[Commit]:
    """Return made-up commits of the same shape, the same for the same seed."""
    chance = random.Random(seed)
    words = [
        "fix",
        "add",
        "remove",
        "test",
        "broker",
        "consumer",
        "producer",
        "log",
        "index",
        "offset",
        "größe",
        "流",
        "schema",
    ]
    time_ms = 1_312_242_084_000
    commits = []
    for number in range(count):
        time_ms += chance.randrange(1_000, 40_000_000)
        commits.append(
            {
                "repo": chance.choice(REPOSITORIES),
                "commit": f"{chance.getrandbits(160):040x}",
                "committed_at_ms": time_ms,
                "author_id": chance.randrange(1, 2_000),
                "ticket": chance.choice([None, f"KAFKA-{number}"]),
                "component": chance.choice(["clients", "core", "streams", ".gitignore"]),
                "files": chance.randrange(1, 400),
                "insertions": chance.randrange(0, 9_000),
                "deletions": chance.randrange(0, 9_000),
                "subject": " ".join(chance.choices(words, k=chance.randrange(2, 30))),
            }
        )
    return commits
