"""Who may is decided when a route or an API is made: none is without its line in the tables.

The tables are those of ``tests/contract/security``, where everybody asks everything.
"""

from app.api.openapi_export import document
from app.wire.handlers.all_served import SERVED
from tests.contract.security.apis import APIS
from tests.contract.security.routes import ROUTES

METHODS = {"get", "post", "put", "patch", "delete"}


def test_every_route_has_its_entry_and_every_entry_its_route() -> None:
    routes = [
        f"{method.upper()} {path}"
        for path, operations in document()["paths"].items()
        for method in operations
        if method in METHODS
    ]

    assert sorted(routes) == sorted(ROUTES)


def test_every_api_has_its_entry_and_every_entry_its_api() -> None:
    assert sorted(one.api.name for one in SERVED) == sorted(APIS)
