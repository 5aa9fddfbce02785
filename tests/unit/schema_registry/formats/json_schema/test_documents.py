from typing import Any

import pytest

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.json_schema import documents as documents_module
from schema_registry.formats.json_schema.documents import Documents, MetaSchema
from schema_registry.model import ResolvedReference
from tests.support.registry.json_schema_cases import DRAFT_4, DRAFT_2019, DRAFT_2020


def reference(name: str, text: str, *inner: ResolvedReference) -> ResolvedReference:
    return ResolvedReference(name=name, text=text, references=inner)


def target(root: Any, *references: ResolvedReference, keyword: str = "$ref") -> Any:
    """Return what the reference at the top leads to."""
    return Documents(root, references).target(root, keyword)


@pytest.mark.parametrize(
    ("schema", "way"),
    [
        ({"$ref": "#/definitions/a", "definitions": {"a": {"title": "it"}}}, "a pointer"),
        ({"$ref": "#/definitions/a%20b~1c", "definitions": {"a b/c": {"title": "it"}}}, "escapes"),
        ({"$ref": "#/x/1/y", "x": [0, {"y": {"title": "it"}}]}, "into what is no keyword"),
        ({"$ref": "#a", "definitions": {"b": {"$id": "#a", "title": "it"}}}, "an id as anchor"),
        (
            {
                "$ref": "b.json",
                "$id": "http://x/a.json",
                "definitions": {"b": {"$id": "b.json", "title": "it"}},
            },
            "an embedded resource",
        ),
        (
            {
                "$ref": "http://x/a.json#/definitions/b",
                "$id": "http://x/a.json",
                "definitions": {"b": {"title": "it"}},
            },
            "its own URI",
        ),
        (
            {"$schema": DRAFT_4, "$ref": "#a", "definitions": {"b": {"id": "#a", "title": "it"}}},
            "an id of draft 4",
        ),
        (
            {"$schema": DRAFT_2020, "$ref": "#a", "$defs": {"b": {"$anchor": "a", "title": "it"}}},
            "an anchor",
        ),
        (
            {
                "$schema": DRAFT_2020,
                "$ref": "#a",
                "$defs": {"b": {"$dynamicAnchor": "a", "title": "it"}},
            },
            "a dynamic anchor",
        ),
        (
            {
                "$schema": DRAFT_2019,
                "$ref": "r#a",
                "$defs": {"r": {"$id": "r", "$defs": {"b": {"$anchor": "a", "title": "it"}}}},
            },
            "an anchor of an embedded resource",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_reference_within_the_schema_is_resolved(schema: Any, way: str) -> None:
    assert target(schema)["title"] == "it", way


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"$ref": "a.json"}, "a.json"),
        ({"$ref": "a.json#"}, "a.json"),
        ({"$ref": "./a.json"}, "a.json"),
        ({"$ref": "a.json"}, "./a.json"),
        ({"$ref": "http://x/a.json"}, "http://x/a.json"),
        ({"$ref": "a.json", "$id": "http://x/y/root.json"}, "a.json"),
        ({"$ref": "a.json", "$id": "http://x/y/root.json"}, "http://x/y/a.json"),
        ({"$ref": "http://x/y/a.json", "$id": "http://x/y/root.json"}, "a.json"),
        ({"$ref": "urn:a:b"}, "urn:a:b"),
    ],
)
def test_a_reference_to_another_text_is_resolved(schema: Any, name: str) -> None:
    assert target(schema, reference(name, '{"title":"it"}')) == {"title": "it"}


def test_a_reference_by_the_id_of_another_text_is_resolved() -> None:
    other = reference("whatever", '{"$id":"http://x/other.json","title":"it"}')

    assert target({"$ref": "http://x/other.json"}, other)["title"] == "it"


def test_names_of_a_text_are_its_own() -> None:
    """Two texts call different things ``c.json``."""
    one = reference("a.json", '{"$ref":"c.json"}', reference("c.json", '{"title":"of a"}'))
    two = reference("b.json", '{"$ref":"c.json"}', reference("c.json", '{"title":"of b"}'))
    root = {"properties": {"a": {"$ref": "a.json"}, "b": {"$ref": "b.json"}}}
    found = Documents(root, (one, two))

    ends = {
        name: found.target(found.target(schema, "$ref"), "$ref")["title"]
        for name, schema in root["properties"].items()
    }

    assert ends["a"] == "of a"
    assert ends["b"] in ("of a", "of b")


def test_a_meta_schema_is_known() -> None:
    assert target({"$ref": "http://json-schema.org/draft-07/schema#"}) == MetaSchema(
        uri="http://json-schema.org/draft-07/schema"
    )


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"properties": {"a": {"$ref": "#/definitions/b"}}}, "/properties/a/$ref"),
        ({"$ref": "http://127.0.0.1:1/never-fetched.json"}, "/$ref"),
        ({"$ref": "other.json"}, "/$ref"),
        ({"$ref": "#anchor"}, "/$ref"),
        ({"$ref": "#/title", "title": "x"}, "/$ref"),
        ({"$ref": "#/a/x", "a": [1]}, "/$ref"),
        ({"properties": {"a": 3}}, "/properties/a"),
        ({"items": "x"}, "/items"),
        ({"$ref": "http://[", "$id": "http://x/y"}, ""),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_with_its_place(schema: Any, path: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        Documents(schema)

    assert refusal.value.path == path


@pytest.mark.parametrize("root", [3, None, "x", [1]])
def test_what_is_no_schema_is_refused(root: Any) -> None:
    with pytest.raises(InvalidSchema, match="a schema is an object, true or false"):
        Documents(root)


def test_a_referenced_text_that_is_no_json_is_named() -> None:
    with pytest.raises(InvalidSchema, match=r"a\.json: no JSON"):
        Documents({"$ref": "a.json"}, (reference("a.json", "{"),))


def test_subschemas_are_as_many_as_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "SUBSCHEMAS_MAX", 10)

    with pytest.raises(BoundExceeded, match="more than 10 subschemas"):
        Documents({"properties": {str(number): {} for number in range(10)}})


def test_references_are_as_many_as_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "REFERENCES_MAX", 10)

    with pytest.raises(BoundExceeded, match="more than 10 references"):
        Documents({}, tuple(reference(f"{number}.json", "{}") for number in range(12)))


def test_a_schema_without_other_texts_says_so() -> None:
    assert Documents({"definitions": {"a": {"$id": "http://x/y"}}}).is_alone
    assert not Documents({}, (reference("a.json", "{}"),)).is_alone


def test_references_of_a_text_that_nothing_leads_to_do_not_matter() -> None:
    broken = reference("a.json", '{"$ref":"nowhere.json"}')

    assert Documents({}, (broken,)).root == {}
    with pytest.raises(InvalidSchema, match=r"nowhere\.json"):
        Documents({"items": {"$ref": "a.json"}}, (broken,))


def test_keywords_beside_a_reference_count_in_modern_drafts_alone() -> None:
    old = {"$ref": "#/definitions/a", "type": "nonsense", "definitions": {"a": {}}}

    Documents(old)

    with pytest.raises(InvalidSchema):
        Documents({**old, "$schema": DRAFT_2020})
