"""Checks over REST.

``verbose=true`` adds messages, as Confluent's registry does; ``verdicts=true`` adds what programs
read: for each version the reasons with kind, path, both sides and a value that breaks.
"""

from schema_registry.api.answers import Answer, Door, json_answer
from schema_registry.api.documents import Document
from schema_registry.api.requests import Request
from schema_registry.api.subjects import asked_schema
from schema_registry.api.verdicts import verdict_documents
from schema_registry.errors import InvalidSchema
from schema_registry.registry.checks import CheckResult, check
from schema_registry.registry.lookup import LATEST, parse_version


async def check_version(door: Door, request: Request) -> Answer:
    """Judge a schema against one version."""
    number = parse_version(request.parameters["version"])
    found = await check(
        door.context,
        request.subject(),
        asked_schema(request),
        version=None if number == LATEST else number,
        latest=number == LATEST,
        normalize=request.flag("normalize"),
    )
    return _answer(request, found)


async def check_all(door: Door, request: Request) -> Answer:
    """Judge a schema as its subject's settings say."""
    found = await check(
        door.context,
        request.subject(),
        asked_schema(request),
        normalize=request.flag("normalize"),
    )
    return _answer(request, found)


def _answer(request: Request, found: CheckResult) -> Answer:
    verbose = request.flag("verbose")
    if found.invalid is not None and not verbose:
        raise InvalidSchema("", found.invalid)
    written: Document = {"is_compatible": found.is_compatible}
    if verbose:
        written["messages"] = found.messages
    if request.flag("verdicts"):
        written["verdicts"] = verdict_documents(found.verdicts)
    return json_answer(written)
