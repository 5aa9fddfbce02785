"""Choices: from what a producer says of a schema to the schema that its data is written with.

By id, by version, by its text, which is registered if the subject does not have it, or the latest
version of the subject. What was found is kept while the registry does not change.

Called by: the doors. Calls: codecs, naming, registry.
Source: Confluent REST Proxy v3, "Produce records" (which words go together); its v2 for texts.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from schema_registry.errors import (
    RegistryError,
    SchemaNotFound,
    SubjectAccessDenied,
    SubjectNotFound,
)
from schema_registry.model import SchemaType, StoredSchema
from schema_registry.registry.candidates import NewSchema
from schema_registry.registry.context import Ledger
from schema_registry.registry.lookup import LATEST, by_id, get_version, look_up
from schema_registry.registry.registration import register
from schema_registry.serdes.codecs import Codecs, LoadedSchema
from schema_registry.serdes.naming import SubjectNameStrategy
from schema_registry.subjects import Subject, parse_subject

CHOICES_KEPT_MAX = 1_000
CHOICE_CHARS_KEPT_MAX = 4_000_000
NUMBER_MAX = 2**31 - 1
"""No id and no version is larger; -1 stands for the latest."""


class BadChoice(RegistryError):
    """What is said of a schema contradicts itself, or is none."""


@dataclass(frozen=True, slots=True)
class SchemaChoice:
    """What a producer says of the schema of its keys or its values."""

    topic: str
    is_key: bool
    schema_type: SchemaType | None = None
    schema_id: int | None = None
    schema_version: int | None = None
    text: str | None = None
    subject: str | None = None
    strategy: SubjectNameStrategy | None = None
    default_strategy: SubjectNameStrategy = SubjectNameStrategy.TOPIC_NAME
    """Of the topic, where the producer does not say."""


@dataclass(frozen=True, slots=True)
class ChosenSchema:
    """What a choice comes to."""

    loaded: LoadedSchema
    subject: str
    version: int | None
    """Of the subject; None if the schema is not one of its versions."""


class Registrar(Protocol):
    """Who sends a schema with its data, and registers it by that if its subject has it not."""

    def may_register(self, subject: str) -> bool:
        """Return whether it may; asked only if it has to, so that False is a refusal."""
        ...

    def ledger(self, subject: str) -> Ledger:
        """Return what writes down that it does."""
        ...


class Choices:
    """Finds what producers choose."""

    def __init__(self, codecs: Codecs) -> None:
        """Keep nothing yet."""
        self._codecs = codecs
        self._registry = codecs.registry
        self._kept: dict[SchemaChoice, ChosenSchema] = {}
        self._chars = 0
        self._revision = -1

    async def find(self, choice: SchemaChoice, registrar: Registrar | None = None) -> ChosenSchema:
        """Return the schema of a choice; a text may be registered by that.

        Args:
            choice: What names it.
            registrar: Who registers it then; None where anybody may, and nobody wants to know.

        Raises:
            SubjectAccessDenied: It would have to be registered, and may not.
            AuditUnavailable: It would have to be, and who does so cannot be written down.
            BadChoice: It contradicts itself.
            NoRecordName: Its strategy needs a name that the schema has not.
            RegistryError: There is no such schema, or it may not be registered.
        """
        revision = await self._registry.views.revision()
        if revision != self._revision:
            self._forget(revision)
        found = self._kept.get(choice)
        if found is None:
            found = await self._find(choice, registrar)
            if await self._registry.views.revision() == self._revision:
                self._keep(choice, found)
        return found

    async def _find(self, choice: SchemaChoice, registrar: Registrar | None) -> ChosenSchema:
        _check(choice)
        if choice.text is not None:
            return await self._by_text(choice, choice.text, registrar)
        if choice.schema_id is not None:
            return await self._by_id(choice, choice.schema_id)
        number = LATEST if choice.schema_version is None else choice.schema_version
        subject = parse_subject(self._subject(choice, None))
        version = await get_version(self._registry, subject, number, hints=False)
        loaded = await self._codecs.of(version.schema)
        if choice.schema_type not in (None, loaded.schema_type):
            raise BadChoice(
                f"version {version.version} of subject {version.subject!r} is"
                f" {loaded.schema_type.value}, not {choice.schema_type}"
            )
        return ChosenSchema(loaded, version.subject, version.version)

    async def _by_id(self, choice: SchemaChoice, schema_id: int) -> ChosenSchema:
        named = parse_subject(choice.subject) if choice.subject is not None else None
        stored, _ = await by_id(self._registry, schema_id, named)
        loaded = await self._codecs.of(stored)
        if choice.schema_type not in (None, loaded.schema_type):
            raise BadChoice(
                f"schema {schema_id} is {loaded.schema_type.value}, not {choice.schema_type}"
            )
        subject = named or parse_subject(self._subject(choice, loaded.record_name))
        version = await self._version_of(subject, stored)
        return ChosenSchema(loaded, str(subject), version)

    async def _by_text(
        self, choice: SchemaChoice, text: str, registrar: Registrar | None
    ) -> ChosenSchema:
        assert choice.schema_type is not None, "checked before"
        name = None
        if choice.subject is None and (choice.strategy or choice.default_strategy).needs_name:
            parsed = await self._registry.schemas.parse(choice.schema_type, text, strict=True)
            name = parsed.record_name()
        subject = parse_subject(self._subject(choice, name))
        new = NewSchema(text=text, schema_type=choice.schema_type)
        try:
            version = await look_up(self._registry, subject, new)
        except (SubjectNotFound, SchemaNotFound):
            registry = self._registry
            if registrar is not None:
                if not registrar.may_register(str(subject)):
                    raise SubjectAccessDenied(
                        f"not authorized to WRITE subject {subject}"
                    ) from None
                registry = replace(registry, ledger=registrar.ledger(str(subject)))
            version = await register(registry, subject, new)
        loaded = await self._codecs.of(version.schema)
        return ChosenSchema(loaded, version.subject, version.version)

    def _subject(self, choice: SchemaChoice, record_name: str | None) -> str:
        if choice.subject is not None:
            return choice.subject
        strategy = choice.strategy or choice.default_strategy
        if choice.strategy is None and strategy.needs_name and record_name is None:
            by_name = choice.schema_id is None and choice.text is None
            if by_name:
                raise BadChoice(
                    f"the topic's subjects are called by {strategy.value}: name a subject,"
                    " a schema or its id"
                )
        return strategy.subject(choice.topic, is_key=choice.is_key, record_name=record_name)

    async def _version_of(self, subject: Subject, stored: StoredSchema) -> int | None:
        if subject.context != stored.context:
            return None
        for version in reversed(await self._registry.views.versions(subject)):
            if version.schema_id == stored.schema_id and not version.deleted:
                return version.version
        return None

    def _forget(self, revision: int) -> None:
        self._kept.clear()
        self._chars = 0
        self._revision = revision

    def _keep(self, choice: SchemaChoice, found: ChosenSchema) -> None:
        self._chars += len(choice.text or "")
        if len(self._kept) >= CHOICES_KEPT_MAX or self._chars > CHOICE_CHARS_KEPT_MAX:
            self._forget(self._revision)
            self._chars = len(choice.text or "")
        self._kept[choice] = found


def _check(choice: SchemaChoice) -> None:
    """Refuse what does not go together.

    Raises:
        BadChoice: Says what.
    """
    for name, number in (
        ("schema_id", choice.schema_id),
        ("schema_version", choice.schema_version),
    ):
        if number is not None and not -1 <= number <= NUMBER_MAX:
            raise BadChoice(f"{name} must be at most {NUMBER_MAX}, and not below -1")
    if choice.subject is not None and choice.strategy is not None:
        raise BadChoice("subject and subject_name_strategy exclude each other")
    if choice.schema_id is not None:
        if choice.schema_version is not None or choice.text is not None:
            raise BadChoice("schema_id excludes schema_version and schema")
    elif choice.schema_version is not None and choice.text is not None:
        raise BadChoice("schema_version excludes schema")
    if choice.text is not None and choice.schema_type is None:
        raise BadChoice("schema needs a type: AVRO, JSONSCHEMA or PROTOBUF")
    is_named = choice.schema_id is not None or choice.text is not None
    if not is_named and choice.strategy is not None and choice.strategy.needs_name:
        raise BadChoice(f"{choice.strategy.value} needs the schema itself or its id, not a version")
