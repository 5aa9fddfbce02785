"""Routing: from a method and the segments of a path to a handler."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from schema_registry.api.answers import Answer, Door
from schema_registry.api.requests import Request

Handler = Callable[[Door, Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation."""

    method: str
    path: str
    """With parameters in braces."""

    handler: Handler
    name: str
    """The operation's id, for clients that are generated."""

    summary: str
    tag: str
    answer: str
    """The name of the answer's schema in the document."""

    body: str | None = None
    status: int = 200
    """Of an answer that is one."""

    query: tuple[str, ...] = ()
    segments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "segments", tuple(self.path.split("/")[1:]) if self.path != "/" else ()
        )

    def parameters(self, segments: Sequence[str]) -> Mapping[str, str] | None:
        """Return the parameters of a path of as many segments, or None if it is another one."""
        found: dict[str, str] = {}
        for mine, given in zip(self.segments, segments, strict=True):
            if mine.startswith("{"):
                found[mine[1:-1]] = given
            elif mine != given:
                return None
        return found


def routes_of(
    tag: str, *rows: tuple[str, str, Handler, str, str, str, str | None, str]
) -> list[Route]:
    """Return the routes of one tag.

    Args:
        tag: In the document.
        rows: Method, path, handler, name, summary, answer, body, and the query's names.
    """
    return [
        Route(
            method=method,
            path=path,
            handler=handler,
            name=name,
            summary=summary,
            tag=tag,
            answer=answer,
            body=body,
            query=tuple(query.split()),
        )
        for method, path, handler, name, summary, answer, body, query in rows
    ]


class Router:
    """Finds the route of a path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Sort routes by how many segments they have; the literal ones come first."""
        self._by_size: dict[int, list[Route]] = {}
        for route in sorted(routes, key=lambda one: one.path.count("{")):
            self._by_size.setdefault(len(route.segments), []).append(route)
        self.first_segments = frozenset(route.segments[0] for route in routes if route.segments)
        """What paths of these routes begin with."""

    def find(
        self, method: str, segments: Sequence[str]
    ) -> tuple[Route, Mapping[str, str]] | list[str]:
        """Return a route and its parameters, or else the methods that the path has."""
        methods: list[str] = []
        for route in self._by_size.get(len(segments), ()):
            found = route.parameters(segments)
            if found is not None:
                if route.method == method:
                    return route, found
                methods.append(route.method)
        return methods
