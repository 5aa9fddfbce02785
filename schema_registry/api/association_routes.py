"""The routes of associations, for the table of all (``routes.py``)."""

from dataclasses import replace

from schema_registry.api import associations
from schema_registry.api.routing import routes_of

_RESOURCE = "/associations/resources/{resourceId}"
_FILTERS = "resourceType associationType lifecycle offset limit"
_TAG = "Schema Registry: Associations"

_SINGLE = routes_of(
    _TAG,
    (
        "GET",
        "/associations/subjects/{subject}",
        associations.of_subject,
        "listAssociationsOfSubject",
        "List the associations of a subject.",
        "Associations",
        None,
        _FILTERS,
    ),
    (
        "GET",
        _RESOURCE,
        associations.of_resource,
        "listAssociationsOfResource",
        "List the associations of a resource.",
        "Associations",
        None,
        _FILTERS,
    ),
    (
        "GET",
        "/associations/resources/{resourceNamespace}/{resourceName}",
        associations.of_name,
        "listAssociationsOfName",
        "List the associations of a resource by its name.",
        "Associations",
        None,
        _FILTERS,
    ),
    (
        "POST",
        "/associations",
        associations.create,
        "createAssociations",
        "Associate a resource with subjects, and register their schemas if they are given.",
        "AssociationsOfResource",
        "NewAssociations",
        "context dryRun",
    ),
    (
        "PUT",
        _RESOURCE,
        associations.put,
        "putAssociations",
        "Associate a resource with subjects, or change how it is.",
        "AssociationsOfResource",
        "NewAssociations",
        "context dryRun",
    ),
    (
        "DELETE",
        _RESOURCE,
        associations.delete,
        "deleteAssociations",
        "Take associations of a resource away.",
        "Nothing",
        None,
        "resourceType associationType cascadeLifecycle dryRun",
    ),
)
_BATCHES = routes_of(
    _TAG,
    (
        "POST",
        "/associations:batchGet",
        associations.get_many,
        "batchGetAssociations",
        "List the associations of many resources.",
        "AssociationResults",
        "AssociationQuestions",
        "",
    ),
    (
        "POST",
        "/associations:batchMutate",
        associations.change_many,
        "batchMutateAssociations",
        "Change the associations of many resources, each by itself.",
        "AssociationResults",
        "AssociationChanges",
        "context dryRun",
    ),
)

ASSOCIATIONS = [*_SINGLE, *(replace(route, status=207) for route in _BATCHES)]
