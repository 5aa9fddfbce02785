"""The source text of a generated function: lines with their depth, and the names it uses.

Called by: decoders, encoders.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_INDENT = "    "


class GeneratedSource:
    """Collects the lines of one function; nothing of a client's is ever in them."""

    def __init__(self, header: str) -> None:
        """Begin a function.

        Args:
            header: Its ``def`` line.
        """
        self._lines = [header]
        self._depth = 1
        self._counter = 0
        self._names: dict[str, object] = {}

    def add(self, *lines: str) -> None:
        """Append lines at the current depth."""
        self._lines += [_INDENT * self._depth + line for line in lines]

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Append a line and put what follows under it."""
        self.add(header)
        self._depth += 1
        yield
        self._depth -= 1

    def fresh(self, hint: str) -> str:
        """Return a name for a local variable that is not used yet."""
        self._counter += 1
        return f"{hint}_{self._counter}"

    def constant(self, value: object, hint: str) -> str:
        """Return a name by which the function sees a value."""
        for name, known in self._names.items():
            if known is value:
                return name
        name = f"_{hint}_{len(self._names)}"
        self._names[name] = value
        return name

    def compile(self, name: str, title: str) -> Callable[..., Any]:
        """Return the function.

        Args:
            name: In its ``def`` line.
            title: What tracebacks and profiles call it.
        """
        code = compile("\n".join(self._lines), f"<{title}>", "exec")
        namespace = dict(self._names)
        exec(code, namespace)  # noqa: S102 - made from our own declarations, see the class
        made: Callable[..., Any] = namespace[name]  # type: ignore[assignment] # just defined
        return made
