"""The registry's guard: a rule for each route, and refusals that name what was asked."""

import pytest

from schema_registry.api.guard import CHANGES, RULES, Access, AccessDenied, require
from schema_registry.api.routes import ROUTES
from schema_registry.subjects import Subject


def test_every_route_has_a_rule_and_no_rule_is_without_a_route() -> None:
    assert set(RULES) == {route.name for route in ROUTES}


def test_every_route_that_changes_something_needs_something() -> None:
    reading = {"postRoot", "batchGetAssociations"}
    changing = [one for one in ROUTES if one.method != "GET" and one.name not in reading]

    assert all(RULES[one.name] is not None for one in changing)


def test_every_route_that_changes_something_needs_what_changes_need() -> None:
    asking = {"lookUpSchema", "checkVersion", "checkSubject", "batchGetAssociations", "postRoot"}

    assert {one.name for one in ROUTES if RULES[one.name] in CHANGES} == {
        one.name for one in ROUTES if one.method != "GET"
    } - asking


def test_nobody_is_asked_where_there_is_no_guard() -> None:
    require(None, Access.DELETE, Subject(".", "s"))


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (Subject(".", "s"), "s"),
        (Subject("ctx", "s"), ":ctx:s"),
        (Subject("ctx", ""), ":ctx:"),
        (Subject(".", ""), None),
        (None, None),
    ],
)
def test_a_refusal_asks_and_names_the_subject(subject: Subject | None, name: str | None) -> None:
    asked = []

    def may(access: Access, asked_name: str | None) -> bool:
        asked.append((access, asked_name))
        return False

    with pytest.raises(AccessDenied) as refused:
        require(may, Access.READ, subject)

    assert asked == [(Access.READ, name)]
    assert (name or "this server") in str(refused.value)
