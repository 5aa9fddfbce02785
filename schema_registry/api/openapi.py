"""The registry's part of the OpenAPI document, from its table of routes."""

from collections.abc import Mapping, Sequence
from typing import Any

from schema_registry.api.guard import CHANGES, RULES
from schema_registry.api.openapi_schemas import ERROR, SCHEMAS
from schema_registry.api.requests import ANSWER_TYPES
from schema_registry.api.routes import ROUTES
from schema_registry.api.routing import Route

Document = dict[str, Any]

_TAGS = {
    "Schema Registry: Subjects": "Names under which versions of a schema are kept.",
    "Schema Registry: Schemas": "By id and GUID.",
    "Schema Registry: Compatibility": "May a schema be registered?",
    "Schema Registry: Settings": "Of subjects, of contexts and of all.",
    "Schema Registry: Associations": "Which subject is a topic's schema of keys or values.",
    "Schema Registry: Server": "What it says of itself.",
}

_FLAG: Document = {"type": "boolean"}
_TEXT: Document = {"type": "string"}
_COUNT: Document = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_QUERY: Mapping[str, tuple[Document, str]] = {
    "aliases": (_FLAG, "Also the other names of each subject."),
    "associationType": (
        {"type": "array", "items": {"type": "string", "enum": ["key", "value"]}},
        "Only associations of these types.",
    ),
    "cascadeLifecycle": (_FLAG, "Delete the subjects of strong associations as well, softly."),
    "context": (_TEXT, "The context of subjects that name none."),
    "contextPrefix": (_TEXT, "What the context's name begins with."),
    "defaultToGlobal": (_FLAG, "With what is inherited."),
    "deleted": (_FLAG, "Also what is deleted softly."),
    "deletedAsNegative": (_FLAG, "Also versions deleted softly, as negative numbers."),
    "deletedOnly": (_FLAG, "Only what is deleted softly."),
    "dryRun": (_FLAG, "Change nothing, and answer with what would come of it."),
    "fetchMaxId": (_FLAG, "Also the largest id."),
    "force": (_FLAG, "Although something speaks against it."),
    "format": (_TEXT, "`resolved`, `serialized`, ...; what a type does not have is ignored."),
    "key": ({"type": "array", "items": _TEXT}, "Names of properties."),
    "latestOnly": (_FLAG, "Only the latest version of each subject."),
    "lifecycle": (
        {"type": "string", "enum": ["STRONG", "WEAK"]},
        "Only associations of this lifecycle.",
    ),
    "limit": (
        {"type": "integer", "minimum": -1, "maximum": 2**31 - 1},
        "How many at the most; -1 is the server's choice.",
    ),
    "normalize": (_FLAG, "Keep, or look for, the normalized text."),
    "offset": (_COUNT, "How many to leave out at the beginning."),
    "permanent": (_FLAG, "Erase what is deleted softly."),
    "recursive": (_FLAG, "Of all subjects below as well."),
    "referenceFormat": (_TEXT, "`qualified` names the contexts of references."),
    "resourceType": (_TEXT, "`topic`."),
    "ruleType": (_TEXT, "Only schemas with a rule of this type."),
    "subject": (_TEXT, "Whose schema it is, or `:.context:`."),
    "subjectPrefix": (_TEXT, "What the subject begins with; `:*:` is every context."),
    "value": ({"type": "array", "items": _TEXT}, "Values of the properties, in their order."),
    "verbose": (_FLAG, "Also messages."),
    "verdicts": (_FLAG, "Also reasons for programs."),
}
_PATH: Mapping[str, tuple[Document, str]] = {
    "subject": (_TEXT, "Name of the subject, or `:.context:name`."),
    "version": (_TEXT, "Number of the version, or `latest`."),
    "id": ({"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "Id of the schema."),
    "guid": (_TEXT, "GUID of the schema."),
    "context": (_TEXT, "Name of the context."),
    "resourceId": (_TEXT, "Id of the resource."),
    "resourceNamespace": (_TEXT, "Namespace of the resource; `-` is any."),
    "resourceName": (_TEXT, "Name of the resource."),
}
_ERRORS = {
    "400": "The request cannot be understood.",
    "404": "There is none.",
    "405": "The path has no such method.",
    "406": "The client takes none of the types of answers.",
    "409": "It breaks what is there.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "422": "It is not valid, or not allowed.",
    "500": "The store does not answer.",
    "503": "The audit log cannot be written, so nothing was changed.",
}


def add_to(document: Document) -> None:
    """Add the registry's operations, schemas and tags to a document."""
    document["tags"] += [{"name": name, "description": text} for name, text in _TAGS.items()]
    document["components"]["schemas"] |= SCHEMAS
    for route in ROUTES:
        document["paths"].setdefault(route.path, {})[route.method.lower()] = _operation(route)


def _operation(route: Route) -> Document:
    written: Document = {
        "tags": [route.tag],
        "summary": route.summary,
        "operationId": route.name,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route),
    }
    if route.body is not None:
        content = _content(ANSWER_TYPES, route.body)
        written["requestBody"] = {"required": True, "content": content}
    return written


def _path_parameters(route: Route) -> Sequence[Document]:
    names = [part[1:-1] for part in route.segments if part.startswith("{")]
    return [_parameter("path", name, *_PATH[name]) for name in names]


def _query_parameters(route: Route) -> Sequence[Document]:
    return [_parameter("query", name, *_QUERY[name]) for name in route.query]


def _parameter(place: str, name: str, schema: Document, text: str) -> Document:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": text,
        "schema": schema,
    }


def _responses(route: Route) -> Document:
    if route.answer == "Nothing":
        responses: Document = {"204": {"description": "Done."}}
    else:
        content = _content(ANSWER_TYPES, route.answer)
        responses = {str(route.status): {"description": "Done.", "content": content}}
    left_out = set() if route.body is not None else {"413", "415"}
    if route.method == "GET":
        left_out.add("409")
    if RULES[route.name] not in CHANGES:
        left_out.add("503")
    for status, text in _ERRORS.items():
        if status not in left_out:
            responses[status] = {"description": text, "content": _content(ANSWER_TYPES, ERROR)}
    return responses


def _content(types: Sequence[str], name: str) -> Document:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {kind: {"schema": schema} for kind in types}
