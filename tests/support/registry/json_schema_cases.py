"""Pairs of JSON Schemas with the differences that a comparison has to find, and who says so."""

import json
from dataclasses import dataclass
from typing import Any

from schema_registry.compatibility.json_schema.differences import LENIENT, STRICT, Difference
from schema_registry.compatibility.json_schema.verdict import differences, incompatibilities
from schema_registry.formats.json_schema.schema import JsonSchema, JsonSchemaFormat
from schema_registry.model import CompatibilityPolicy, ResolvedReference

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_6 = "http://json-schema.org/draft-06/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"

FORMAT = JsonSchemaFormat()


@dataclass(frozen=True, slots=True)
class Case:
    """One pair.

    ``changes`` are all differences, tolerated ones too, as "KIND path"; ``source`` is what says
    that these are the differences and what the verdict is: a class of Confluent's
    json-schema-provider, a pull request or issue there, its documents, or "spec" for what follows
    from JSON Schema where Confluent's registry fails.
    """

    name: str
    original: Any
    update: Any
    changes: tuple[str, ...]
    source: str

    @property
    def is_compatible(self) -> bool:
        """Whether the default policy tolerates all changes."""
        return all(change.split()[0] in STRICT for change in self.changes)

    @property
    def is_compatible_leniently(self) -> bool:
        """Whether the lenient policy tolerates all changes."""
        return all(change.split()[0] in LENIENT for change in self.changes)


def parse(schema: Any, *references: ResolvedReference) -> JsonSchema:
    """Return a schema given as a value."""
    return FORMAT.parse(json.dumps(schema), references)


def names(found: tuple[Difference, ...]) -> set[str]:
    """Return differences as cases write them."""
    return {f"{one.kind} #/{'/'.join(one.path)}" for one in found}


def check(case: Case) -> None:
    """Compare a case's schemas and hold what is found to what is expected."""
    original, update = parse(case.original), parse(case.update)

    assert names(differences(original, update)) == set(case.changes), case.source
    assert (not incompatibilities(update, original)) is case.is_compatible
    lenient = incompatibilities(update, original, CompatibilityPolicy.LENIENT)
    assert (not lenient) is case.is_compatible_leniently
