"""Figures: what a benchmark says, beside its goal and the floor of the same run.

The machine may be busy with other things, so a figure and its floor are measured in turns and
compared round by round; the medians are shown.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

_LINE = "{:<44} {:>13} {:<10} {:>12} {:>13} {:>6}  {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    """What the figure should reach; what it should stay below where ``is_cost``."""

    is_cost: bool = False
    """Whether less is better."""

    floor: float | None = None
    """What the machine gives to who does nothing else, in the same unit."""

    ratio: float | None = None
    """Figure to floor; the median over the rounds, each against its own floor."""

    ratio_goal: float | None = None

    def verdict(self) -> str:
        """Return whether the goal is reached, in a word; nothing where there is none."""
        if self.goal is not None:
            reached = self.value <= self.goal if self.is_cost else self.value >= self.goal
        elif self.ratio_goal is not None:
            reached = (self.ratio or 0.0) >= self.ratio_goal
        else:
            return ""
        return "ok" if reached else "MISSED"

    def line(self) -> str:
        """Return the figure as a line of the table."""
        goal = ""
        if self.goal is not None:
            goal = f"{'<' if self.is_cost else '>'}= {self.goal:,.0f}"
        elif self.ratio_goal is not None:
            goal = f">= {self.ratio_goal:.2f} floor"
        floor = "" if self.floor is None else number(self.floor)
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return _LINE.format(
            self.what, number(self.value), self.unit, goal, floor, ratio, self.verdict()
        ).rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the measuring may take."""

    rounds: int
    """How often a figure and its floor are measured in turns."""

    seconds: float
    """How long each time."""

    scale: float
    """What becomes of amounts of data: 1 for what the goals name."""

    def median(self, measure: Callable[[], float]) -> float:
        """Return the median of some measurements."""
        return statistics.median(measure() for _ in range(self.rounds))

    def in_turns(
        self, floor: Callable[[], float], measure: Callable[[], float]
    ) -> tuple[float, float, float]:
        """Measure a floor and a figure in turns; return the medians of figure, floor, ratio."""
        floors, values = [], []
        for _ in range(self.rounds):
            floors.append(floor())
            values.append(measure())
        ratios = [value / least for value, least in zip(values, floors, strict=True)]
        return statistics.median(values), statistics.median(floors), statistics.median(ratios)


FULL = Pace(rounds=5, seconds=2.0, scale=1.0)
QUICK = Pace(rounds=1, seconds=0.7, scale=0.1)
"""To see that everything runs, and roughly how fast."""

HEAD = _LINE.format("", "figure", "", "goal", "floor", "ratio", "").rstrip()


def number(value: float) -> str:
    """Return a number with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
