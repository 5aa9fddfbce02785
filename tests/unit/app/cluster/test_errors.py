"""What the catalog may refuse: one family, so that a caller can catch it whole."""

import inspect

from app.cluster import errors
from app.cluster.errors import CatalogError


def refusals() -> list[type]:
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def test_every_refusal_is_caught_as_a_catalog_error() -> None:
    assert all(issubclass(kind, CatalogError) for kind in refusals())


def test_no_refusal_is_caught_by_another_ones_name() -> None:
    narrow = [kind for kind in refusals() if kind is not CatalogError]

    assert {kind.__bases__ for kind in narrow} == {(CatalogError,)}
