"""Measures what is claimed: ``python -m benchmarks.run`` everything, with names only those areas.

An area is a module of ``benchmarks/areas`` with a function ``measure(directory)`` that yields
``Figure``s; its name is the module's.
"""

import importlib
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

from benchmarks.figures import HEAD  # noqa: E402 - found by the line above

AREAS = sorted(path.stem for path in (ROOT / "benchmarks" / "areas").glob("[a-z]*.py"))


def main(names: list[str]) -> int:
    unknown = set(names) - set(AREAS)
    if unknown:
        print(f"no such area: {', '.join(sorted(unknown))}; there are: {', '.join(AREAS)}")
        return 2
    missed = []
    began = time.monotonic()
    for name in names or AREAS:
        print(f"\n{name + HEAD[len(name) :]}", flush=True)
        area = importlib.import_module(f"benchmarks.areas.{name}")
        with tempfile.TemporaryDirectory() as temporary:
            for figure in area.measure(Path(temporary)):
                print(figure.line(), flush=True)
                if figure.verdict() == "MISSED":
                    missed.append(f"{name}: {figure.what.strip()}")
    print(f"\n{time.monotonic() - began:.0f} s; missed: {'; '.join(missed) or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
