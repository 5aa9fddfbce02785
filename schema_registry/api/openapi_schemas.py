"""What the registry's bodies look like, for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from schema_registry.model import CompatibilityLevel, CompatibilityPolicy, Mode, SchemaType

Document = dict[str, Any]

ERROR = "ErrorResponse"
"""The server's own, which has the registry's shape."""

_TEXT: Document = {"type": "string"}
_FLAG: Document = {"type": "boolean"}
_NUMBER: Document = {"type": "integer"}
_TEXTS: Document = {"type": "array", "items": _TEXT}
_TYPE: Document = {"type": "string", "enum": [one.value for one in SchemaType]}


def _reference(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(item: Document) -> Document:
    return {"type": "array", "items": item}


def _map(value: Document) -> Document:
    return {"type": "object", "additionalProperties": value}


def _object(properties: Mapping[str, Document], required: str = "") -> Document:
    written: Document = {"type": "object", "properties": dict(properties)}
    return {**written, "required": required.split()} if required else written


def _nullable(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


_CONTENT: Mapping[str, Document] = {
    "guid": _TEXT,
    "schemaType": _TYPE,
    "references": _list(_reference("SchemaReference")),
    "metadata": _reference("SchemaMetadata"),
    "ruleSet": _reference("SchemaRuleSet"),
    "schema": _TEXT,
    "ts": _NUMBER,
    "deleted": _FLAG,
}
_VERSION: Mapping[str, Document] = {
    "subject": _TEXT,
    "version": _NUMBER,
    "id": _NUMBER,
    **_CONTENT,
    "aliases": _TEXTS,
}
_SETTINGS: Mapping[str, Document] = {
    "compatibilityPolicy": {"type": "string", "enum": [one.value for one in CompatibilityPolicy]},
    "compatibilityGroup": _TEXT,
    "normalize": _FLAG,
    "validateFields": _FLAG,
    "validateNewSchemas": _FLAG,
    "validateRules": _FLAG,
    "alias": _TEXT,
    "aliasForDeks": _TEXT,
    "defaultMetadata": _reference("SchemaMetadata"),
    "overrideMetadata": _reference("SchemaMetadata"),
    "defaultRuleSet": _reference("SchemaRuleSet"),
    "overrideRuleSet": _reference("SchemaRuleSet"),
}
_RESOURCE: Mapping[str, Document] = {
    "resourceName": _TEXT,
    "resourceNamespace": _TEXT,
    "resourceId": _TEXT,
    "resourceType": _TEXT,
}
_ASSOCIATION: Mapping[str, Document] = {
    "subject": _TEXT,
    "associationType": {"type": "string", "enum": ["key", "value"]},
    "lifecycle": {"type": "string", "enum": ["STRONG", "WEAK"]},
    "frozen": _FLAG,
}
_LEVEL: Document = {"type": "string", "enum": [one.value for one in CompatibilityLevel]}
_RULES = _list(_reference("SchemaRule"))

SCHEMAS: Mapping[str, Document] = {
    "SchemaReference": _object(
        {"name": _TEXT, "subject": _TEXT, "version": _NUMBER}, "name subject version"
    ),
    "SchemaMetadata": _object(
        {"tags": _map(_TEXTS), "properties": _map(_TEXT), "sensitive": _TEXTS}
    ),
    "SchemaRule": _object(
        {
            "name": _TEXT,
            "doc": _TEXT,
            "kind": {"type": "string", "enum": ["TRANSFORM", "CONDITION"]},
            "mode": {
                "type": "string",
                "enum": ["UPGRADE", "DOWNGRADE", "UPDOWN", "WRITE", "READ", "WRITEREAD"],
            },
            "type": _TEXT,
            "tags": _TEXTS,
            "params": _map(_TEXT),
            "expr": _TEXT,
            "onSuccess": _TEXT,
            "onFailure": _TEXT,
            "disabled": _FLAG,
        },
        "name",
    ),
    "SchemaRuleSet": _object(
        {
            "migrationRules": _RULES,
            "domainRules": _RULES,
            "encodingRules": _RULES,
            "enableAt": {
                "type": "string",
                "enum": ["ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"],
            },
        }
    ),
    "NewSchema": _object(
        {
            "schema": _TEXT,
            "schemaType": _TYPE,
            "references": _list(_reference("SchemaReference")),
            "metadata": _nullable(_reference("SchemaMetadata")),
            "ruleSet": _nullable(_reference("SchemaRuleSet")),
            "id": _NUMBER,
            "version": _NUMBER,
        }
    ),
    "TagChanges": _object(
        {
            "newVersion": _NUMBER,
            "tagsToAdd": _list(_reference("EntityTags")),
            "tagsToRemove": _list(_reference("EntityTags")),
            "metadata": _nullable(_reference("SchemaMetadata")),
            "ruleSet": _nullable(_reference("SchemaRuleSet")),
            "rulesToMerge": _nullable(_reference("SchemaRuleSet")),
            "rulesToRemove": _TEXTS,
        }
    ),
    "EntityTags": _object(
        {
            "schemaEntity": _object({"entityPath": _TEXT, "entityType": _TEXT}, "entityPath"),
            "tags": _TEXTS,
        },
        "schemaEntity tags",
    ),
    "Schema": _object(
        {**_CONTENT, "subject": _TEXT, "version": _NUMBER, "maxId": _NUMBER}, "schema"
    ),
    "SubjectVersion": _object(_VERSION, "subject version id schema"),
    "SubjectVersions": _list(_reference("SubjectVersion")),
    "Registered": _object(
        {
            **_VERSION,
            "dryRun": _FLAG,
            "isNew": _FLAG,
            "is_compatible": _FLAG,
            "verdicts": _list(_reference("Verdict")),
            "diff": _TEXTS,
        },
        "id",
    ),
    "Verdict": _object(
        {
            "version": _NUMBER,
            "id": _NUMBER,
            "is_compatible": _FLAG,
            "incompatibilities": _list(_reference("Incompatibility")),
        },
        "version id is_compatible incompatibilities",
    ),
    "Incompatibility": _object(
        {
            "kind": _TEXT,
            "path": _TEXT,
            "message": _TEXT,
            "reader": _TEXT,
            "writer": _TEXT,
            "counterExample": _TEXT,
        },
        "kind path message",
    ),
    "CheckResult": _object(
        {
            "is_compatible": _FLAG,
            "messages": _TEXTS,
            "verdicts": _list(_reference("Verdict")),
        },
        "is_compatible",
    ),
    "SubjectNames": _list(_TEXT),
    "ContextNames": _list(_TEXT),
    "VersionNumbers": _list(_NUMBER),
    "VersionNumber": _NUMBER,
    "SchemaIds": _list(_NUMBER),
    "SchemaTypes": _list(_TYPE),
    "SchemaText": {"description": "The schema itself, which for Protobuf is no JSON."},
    "VersionsOfSchema": _list(_object({"subject": _TEXT, "version": _NUMBER}, "subject version")),
    "ContextIds": _list(_object({"context": _TEXT, "id": _NUMBER}, "context id")),
    "Config": _object({"compatibilityLevel": _LEVEL, **_SETTINGS}),
    "ConfigChanges": _object(
        {
            "compatibility": _nullable(_LEVEL),
            **{name: _nullable(schema) for name, schema in _SETTINGS.items()},
        }
    ),
    "Mode": _object({"mode": _nullable({"type": "string", "enum": [one.value for one in Mode]})}),
    "Association": _object({**_RESOURCE, **_ASSOCIATION}, "subject resourceId associationType"),
    "Associations": _list(_reference("Association")),
    "NewAssociation": _object(
        {
            **{name: _nullable(schema) for name, schema in _ASSOCIATION.items()},
            "schema": _nullable(_reference("NewSchema")),
            "normalize": _nullable(_FLAG),
        }
    ),
    "NewAssociations": _object(
        {**_RESOURCE, "associations": _list(_reference("NewAssociation"))},
        "resourceName resourceNamespace associations",
    ),
    "AssociationsOfResource": _object(
        {
            **_RESOURCE,
            "associations": _list(_object({**_ASSOCIATION, "schema": _reference("Schema")})),
        }
    ),
    "AssociationQuestions": _object(
        {"requests": _list(_object({**_RESOURCE, "associationTypes": _TEXTS, "lifecycle": _TEXT}))},
        "requests",
    ),
    "AssociationChanges": _object(
        {
            "requests": _list(
                _object(
                    {
                        **_RESOURCE,
                        "associations": _list(
                            _object(
                                {
                                    "opType": {
                                        "type": "string",
                                        "enum": ["CREATE", "UPSERT", "DELETE"],
                                    },
                                    **_ASSOCIATION,
                                    "schema": _reference("NewSchema"),
                                    "normalize": _FLAG,
                                    "cascadeLifecycle": _FLAG,
                                },
                                "opType",
                            )
                        ),
                    }
                )
            )
        },
        "requests",
    ),
    "AssociationResults": _object(
        {
            "results": _list(
                _object(
                    {
                        "result": _reference("AssociationsOfResource"),
                        "error": _reference(ERROR),
                    }
                )
            )
        },
        "results",
    ),
    "Empty": _object({}),
    "ServerId": _object({"id": _TEXT, "scope": _object({})}, "id scope"),
    "ServerVersion": _object({"version": _TEXT, "commitId": _TEXT}, "version commitId"),
    "Deployment": _object({"attributes": _TEXTS}),
    "RegistryHealth": _object(
        {"schema_registry_ready": _FLAG, "status": _object({})}, "schema_registry_ready"
    ),
    "MasterAvailable": _object({"master_available": _FLAG}, "master_available"),
}
