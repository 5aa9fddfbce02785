from typing import Any

import pytest

from tests.support.registry.json_schema_cases import DRAFT_2019, DRAFT_2020, Case, check

OBJECTS = "ObjectSchemaDiff"
LENIENT = "ObjectSchemaDiff, pull request 4292"

TEXT: Any = {"type": "string"}
INTEGER: Any = {"type": "integer"}
NUMBER: Any = {"type": "number"}


def record(properties: Any = None, **demands: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {}, **demands}


def closed(properties: Any = None, **demands: Any) -> dict[str, Any]:
    return record(properties, additionalProperties=False, **demands)


def modern(properties: Any = None, **demands: Any) -> dict[str, Any]:
    return {"$schema": DRAFT_2020, **record(properties, **demands)}


CONTENT_MODELS = [
    Case(
        "open, optional property added",
        record(),
        record({"a": TEXT}),
        ("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        LENIENT,
    ),
    Case(
        "open, optional property with default added",
        record(),
        record({"a": {**TEXT, "default": ""}}),
        ("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        LENIENT,
    ),
    Case(
        "open, required property added",
        record(),
        record({"a": TEXT}, required=["a"]),
        ("REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        LENIENT,
    ),
    Case(
        "open, required property with default added",
        record(),
        record({"a": {**TEXT, "default": ""}}, required=["a"]),
        ("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        LENIENT,
    ),
    Case(
        "open, property that takes everything added",
        record(),
        record({"a": {}}),
        ("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "open, property true added",
        record(),
        record({"a": True}),
        ("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        "ObjectSchemaDiff: TrueSchema is an EmptySchema",
    ),
    Case(
        "open, property removed",
        record({"a": TEXT}),
        record(),
        ("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "open, required property removed",
        record({"a": TEXT}, required=["a"]),
        record(),
        ("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "additionalProperties true is open",
        record(additionalProperties=True),
        record({"a": TEXT}),
        ("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a",),
        LENIENT,
    ),
    Case(
        "closed, optional property added",
        closed(),
        closed({"a": TEXT}),
        ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "closed, required property added",
        closed(),
        closed({"a": TEXT}, required=["a"]),
        ("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "closed, required property with default added",
        closed(),
        closed({"a": {**TEXT, "default": ""}}, required=["a"]),
        ("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "closed, property removed",
        closed({"a": TEXT}),
        closed(),
        ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a",),
        LENIENT,
    ),
    Case(
        "closed, property false removed",
        closed({"a": False}),
        closed(),
        ("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a",),
        OBJECTS,
    ),
    Case(
        "closed, renamed is removed and added",
        closed({"a": TEXT}),
        closed({"b": TEXT}),
        (
            "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a",
            "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/b",
        ),
        OBJECTS,
    ),
    Case(
        "closed opens and loses a property: the update's model counts",
        closed({"a": TEXT}),
        record(),
        (
            "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL #/properties/a",
            "ADDITIONAL_PROPERTIES_ADDED #/additionalProperties",
        ),
        OBJECTS,
    ),
    Case(
        "closed opens and gains a property: the original's model counts",
        closed(),
        record({"a": TEXT}),
        (
            "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",
            "ADDITIONAL_PROPERTIES_ADDED #/additionalProperties",
        ),
        OBJECTS,
    ),
    Case(
        "partially open by a schema, property added that it covers",
        record(additionalProperties=INTEGER),
        record({"a": NUMBER}, additionalProperties=INTEGER),
        (
            "TYPE_EXTENDED #/properties/a",
            "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
            "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",
        ),
        OBJECTS,
    ),
    Case(
        "partially open by a schema, property added that it does not cover",
        record(additionalProperties=INTEGER),
        record({"a": TEXT}, additionalProperties=INTEGER),
        (
            "TYPE_CHANGED #/properties/a",
            "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
            "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",
        ),
        OBJECTS,
    ),
    Case(
        "partially open by a schema, required property added",
        record(additionalProperties=INTEGER),
        record({"a": INTEGER}, required=["a"], additionalProperties=INTEGER),
        (
            "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
            "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",
        ),
        OBJECTS,
    ),
    Case(
        "partially open by a schema, property removed that it covers",
        record({"a": INTEGER}, additionalProperties=NUMBER),
        record(additionalProperties=NUMBER),
        (
            "TYPE_EXTENDED #/properties/a",
            "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
        ),
        OBJECTS,
    ),
    Case(
        "partially open by a schema, property removed that it does not cover",
        record({"a": TEXT}, additionalProperties=NUMBER),
        record(additionalProperties=NUMBER),
        (
            "TYPE_CHANGED #/properties/a",
            "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
        ),
        OBJECTS,
    ),
    Case(
        "partially open by a pattern that covers the property",
        closed(patternProperties={"^a": INTEGER}),
        closed({"ab": INTEGER}, patternProperties={"^a": INTEGER}),
        (
            "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/ab",
            "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/ab",
        ),
        OBJECTS,
    ),
    Case(
        "a pattern that does not cover the property leaves it closed",
        closed(patternProperties={"^x": INTEGER}),
        closed({"ab": TEXT}, patternProperties={"^x": INTEGER}),
        ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/ab",),
        OBJECTS,
    ),
    Case(
        "a pattern makes an object without additionalProperties not open",
        record(patternProperties={"^x": INTEGER}),
        record({"ab": TEXT}, patternProperties={"^x": INTEGER}),
        ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/ab",),
        "ObjectSchemaDiff, isOpenContentModel",
    ),
    Case(
        "a property that moves under a pattern of the update",
        closed({"ab": INTEGER}),
        closed(patternProperties={"^a": NUMBER}),
        (
            "TYPE_EXTENDED #/properties/ab",
            "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/ab",
        ),
        OBJECTS,
    ),
    Case(
        "nested, the path goes down",
        closed({"a": closed({"b": closed({"c": TEXT})})}),
        closed({"a": closed({"b": closed()})}),
        ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a/properties/b/properties/c",),
        LENIENT,
    ),
]

BOUNDS = [
    Case(
        "required added",
        record({"a": TEXT}),
        record({"a": TEXT}, required=["a"]),
        ("REQUIRED_ATTRIBUTE_ADDED #/required/a",),
        OBJECTS,
    ),
    Case(
        "required removed",
        record({"a": TEXT}, required=["a"]),
        record({"a": TEXT}),
        ("REQUIRED_ATTRIBUTE_REMOVED #/required/a",),
        OBJECTS,
    ),
    Case(
        "required added with a default",
        record({"a": {**TEXT, "default": "x"}}),
        record({"a": {**TEXT, "default": "x"}}, required=["a"]),
        ("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED #/required/a",),
        OBJECTS,
    ),
    Case(
        "a required name without a property is not seen",
        record(),
        record(required=["a"]),
        (),
        "ObjectSchemaDiff, compareRequired",
    ),
    Case(
        "maxProperties added",
        record(),
        record(maxProperties=2),
        ("MAX_PROPERTIES_ADDED #/maxProperties",),
        OBJECTS,
    ),
    Case(
        "maxProperties removed",
        record(maxProperties=2),
        record(),
        ("MAX_PROPERTIES_REMOVED #/maxProperties",),
        OBJECTS,
    ),
    Case(
        "maxProperties up",
        record(maxProperties=2),
        record(maxProperties=3),
        ("MAX_PROPERTIES_INCREASED #/maxProperties",),
        OBJECTS,
    ),
    Case(
        "maxProperties down",
        record(maxProperties=2),
        record(maxProperties=1),
        ("MAX_PROPERTIES_DECREASED #/maxProperties",),
        OBJECTS,
    ),
    Case(
        "minProperties added",
        record(),
        record(minProperties=2),
        ("MIN_PROPERTIES_ADDED #/minProperties",),
        OBJECTS,
    ),
    Case(
        "minProperties removed",
        record(minProperties=2),
        record(),
        ("MIN_PROPERTIES_REMOVED #/minProperties",),
        OBJECTS,
    ),
    Case(
        "minProperties up",
        record(minProperties=2),
        record(minProperties=3),
        ("MIN_PROPERTIES_INCREASED #/minProperties",),
        OBJECTS,
    ),
    Case(
        "minProperties down",
        record(minProperties=2),
        record(minProperties=1),
        ("MIN_PROPERTIES_DECREASED #/minProperties",),
        OBJECTS,
    ),
]

DEPENDENCIES = [
    Case(
        "names added",
        record(),
        record(dependencies={"a": ["b"]}),
        ("DEPENDENCY_ARRAY_ADDED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "names removed",
        record(dependencies={"a": ["b"]}),
        record(),
        ("DEPENDENCY_ARRAY_REMOVED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "more names",
        record(dependencies={"a": ["b"]}),
        record(dependencies={"a": ["b", "c"]}),
        ("DEPENDENCY_ARRAY_EXTENDED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "fewer names",
        record(dependencies={"a": ["b", "c"]}),
        record(dependencies={"a": ["c"]}),
        ("DEPENDENCY_ARRAY_NARROWED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "other names",
        record(dependencies={"a": ["b"]}),
        record(dependencies={"a": ["c"]}),
        ("DEPENDENCY_ARRAY_CHANGED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "schema added",
        record(),
        record(dependencies={"a": record({"b": TEXT})}),
        ("DEPENDENCY_SCHEMA_ADDED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "schema removed",
        record(dependencies={"a": record({"b": TEXT})}),
        record(),
        ("DEPENDENCY_SCHEMA_REMOVED #/dependencies/a",),
        OBJECTS,
    ),
    Case(
        "schema changed",
        record(dependencies={"a": record({"b": INTEGER})}),
        record(dependencies={"a": record({"b": NUMBER})}),
        ("TYPE_EXTENDED #/dependencies/a/properties/b",),
        OBJECTS,
    ),
    Case(
        "dependentRequired of modern drafts",
        {"$schema": DRAFT_2019, **record(dependentRequired={"a": ["b"]})},
        {"$schema": DRAFT_2019, **record(dependentRequired={"a": ["b", "c"]})},
        ("DEPENDENCY_ARRAY_EXTENDED #/dependencies/a",),
        "SchemaTranslator, visitDependentRequiredSchema",
    ),
    Case(
        "dependentSchemas of modern drafts",
        modern(dependentSchemas={"a": record({"b": NUMBER})}),
        modern(dependentSchemas={"a": record({"b": INTEGER})}),
        ("TYPE_NARROWED #/dependencies/a/properties/b",),
        "SchemaTranslator, visitDependentSchemas",
    ),
    Case(
        "dependencies are no keyword of modern drafts",
        modern(),
        modern(dependencies={"a": ["b"]}),
        (),
        "SchemaTranslator: it sees dependentRequired alone",
    ),
]


@pytest.mark.parametrize(
    "case",
    [*CONTENT_MODELS, *BOUNDS, *DEPENDENCIES],
    ids=lambda case: case.name,
)
def test_objects_differ_as_confluent_says(case: Case) -> None:
    check(case)
