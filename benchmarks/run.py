"""Measures what is claimed: ``python benchmarks/run.py`` everything, with names only those areas.

An area is a module of ``benchmarks/areas`` with a function ``measure(directory, pace)`` that
yields ``Figure``s; its name is the module's. The exit status is 0 when every goal was reached, 1
when one was missed, 2 when there is no such area.
"""

import argparse
import importlib
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

from benchmarks.figures import FULL, HEAD, QUICK, Pace  # noqa: E402 - found by the line above

AREAS = sorted(path.stem for path in (ROOT / "benchmarks" / "areas").glob("[a-z]*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what is claimed.")
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(AREAS)}; all")
    parser.add_argument("--quick", action="store_true", help="one short round, a tenth of the data")
    parser.add_argument("--directory", type=Path, help="whose disk is measured; the temporary one")
    given = parser.parse_args()
    unknown = sorted(set(given.areas) - set(AREAS))
    if unknown:
        parser.error(f"no such area: {', '.join(unknown)}; there are: {', '.join(AREAS)}")
    began = time.monotonic()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    missed = []
    for name in given.areas or AREAS:
        missed += _measure(name, QUICK if given.quick else FULL, given.directory)
    load = os.getloadavg()[1]
    print(f"\n{time.monotonic() - began:.0f} s, load {load:.1f} over the last five minutes")
    print(f"missed: {'; '.join(missed) or 'nothing'}")
    return 1 if missed else 0


def _measure(name: str, pace: Pace, within: Path | None) -> list[str]:
    """Print an area's figures as they come; return which goals were missed."""
    print(f"\n{name}{HEAD[len(name) :]}", flush=True)
    missed = []
    area = importlib.import_module(f"benchmarks.areas.{name}")
    with tempfile.TemporaryDirectory(dir=within) as temporary:
        for figure in area.measure(Path(temporary), pace):
            print(figure.line(), flush=True)
            if figure.verdict() == "MISSED":
                missed.append(f"{name}: {figure.what.strip()}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
