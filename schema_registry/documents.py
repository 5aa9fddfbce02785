"""Documents: metadata, rule sets and settings as JSON, in the names that clients use.

The same shape travels over HTTP and lies in the database. What is empty is left out; unknown keys
are ignored, as Confluent's registry does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar

from schema_registry.errors import InvalidCompatibilityLevel, InvalidRequest
from schema_registry.model import (
    CompatibilityLevel,
    CompatibilityPolicy,
    Metadata,
    Rule,
    RuleSet,
    SchemaReference,
    SubjectConfig,
)
from schema_registry.subjects import parse_subject

Document = dict[str, Any]
Choice = TypeVar("Choice", bound=Enum)

VERSION_MAX = 2**31 - 1


def metadata_document(metadata: Metadata | None) -> Document | None:
    """Return metadata as JSON."""
    if metadata is None:
        return None
    written: Document = {}
    if metadata.tags:
        written["tags"] = {path: list(tags) for path, tags in metadata.tags.items()}
    if metadata.properties:
        written["properties"] = dict(metadata.properties)
    if metadata.sensitive:
        written["sensitive"] = list(metadata.sensitive)
    return written


def parse_metadata(value: Any) -> Metadata | None:
    """Return metadata from JSON; all of it sorted, for order does not count.

    Raises:
        InvalidRequest: It is none.
    """
    if value is None:
        return None
    given = _object(value, "metadata")
    tags = _object(given.get("tags") or {}, "metadata.tags")
    properties = _object(given.get("properties") or {}, "metadata.properties")
    return Metadata(
        tags={path: _text_set(tags[path], f"metadata.tags.{path}") for path in sorted(tags)},
        properties={
            name: _text(properties[name], f"metadata.properties.{name}")
            for name in sorted(properties)
        },
        sensitive=_text_set(given.get("sensitive") or [], "metadata.sensitive"),
    )


_RULE_KEYS = {
    "name": "name",
    "doc": "doc",
    "kind": "kind",
    "mode": "mode",
    "type": "type",
    "expr": "expr",
    "onSuccess": "on_success",
    "onFailure": "on_failure",
}
_RULE_LISTS = {
    "migrationRules": "migration_rules",
    "domainRules": "domain_rules",
    "encodingRules": "encoding_rules",
}


def rule_set_document(rule_set: RuleSet | None) -> Document | None:
    """Return a rule set as JSON."""
    if rule_set is None:
        return None
    written: Document = {}
    for key, name in _RULE_LISTS.items():
        rules = getattr(rule_set, name)
        if rules:
            written[key] = [_rule_document(rule) for rule in rules]
    if rule_set.enable_at is not None:
        written["enableAt"] = rule_set.enable_at
    return written


def _rule_document(rule: Rule) -> Document:
    written: Document = {
        key: getattr(rule, name)
        for key, name in _RULE_KEYS.items()
        if getattr(rule, name) is not None
    }
    if rule.tags:
        written["tags"] = list(rule.tags)
    if rule.params:
        written["params"] = dict(rule.params)
    return {**written, "disabled": rule.disabled}


def parse_rule_set(value: Any) -> RuleSet | None:
    """Return a rule set from JSON; what its rules say is checked elsewhere.

    Raises:
        InvalidRequest: It is none.
    """
    if value is None:
        return None
    given = _object(value, "ruleSet")
    lists: dict[str, tuple[Rule, ...] | None] = {
        name: None
        if given.get(key) is None
        else tuple(parse_rule(one, f"ruleSet.{key}") for one in _list(given[key], key))
        for key, name in _RULE_LISTS.items()
    }
    return RuleSet(**lists, enable_at=_optional_text(given, "enableAt", "ruleSet.enableAt"))


def parse_rule(value: Any, where: str) -> Rule:
    """Return a rule from JSON.

    Raises:
        InvalidRequest: It is none.
    """
    given = _object(value, where)
    texts = {
        name: _optional_text(given, key, f"{where}.{key}")
        for key, name in _RULE_KEYS.items()
        if key != "name"
    }
    params = _object(given.get("params") or {}, f"{where}.params")
    return Rule(
        name=_optional_text(given, "name", f"{where}.name") or "",
        tags=_text_set(given.get("tags") or [], f"{where}.tags"),
        params={name: _text(params[name], f"{where}.params.{name}") for name in sorted(params)},
        disabled=_flag(given.get("disabled", False), f"{where}.disabled") or False,
        **texts,
    )


def reference_documents(references: Sequence[SchemaReference]) -> list[Document]:
    """Return references as JSON."""
    return [
        {"name": one.name, "subject": one.subject, "version": one.version} for one in references
    ]


def parse_references(value: Any) -> tuple[SchemaReference, ...]:
    """Return references from JSON.

    Raises:
        InvalidRequest: They are none.
    """
    found = []
    for number, one in enumerate(_list(value or [], "references")):
        where = f"references.{number}"
        given = _object(one, where)
        version = given.get("version")
        if type(version) is not int or not (version == -1 or 0 < version <= VERSION_MAX):
            raise InvalidRequest(f"{where}.version must be 1 to {VERSION_MAX}, or -1")
        found.append(
            SchemaReference(
                name=_text(given.get("name"), f"{where}.name"),
                subject=_text(given.get("subject"), f"{where}.subject"),
                version=version,
            )
        )
    return tuple(found)


def config_document(config: SubjectConfig, *, level_key: str = "compatibilityLevel") -> Document:
    """Return settings as JSON.

    Args:
        config: What is set.
        level_key: Answers to a PUT call the level ``compatibility``.
    """
    written: Document = {}
    for key, (name, _, to_json) in _CONFIG_KEYS.items():
        value = getattr(config, name)
        if value is not None:
            written[level_key if name == "compatibility_level" else key] = to_json(value)
    return written


def parse_config(value: Any) -> dict[str, Any]:
    """Return changes of settings from JSON, by field name; null takes a setting away.

    Raises:
        InvalidRequest: They are none.
        InvalidCompatibilityLevel: No such level or policy.
    """
    given = _object(value, "config")
    changes: dict[str, Any] = {}
    for key, (name, parse, _) in _CONFIG_KEYS.items():
        keys = ("compatibility", "compatibilityLevel") if name == "compatibility_level" else (key,)
        for one in keys:
            if one in given:
                changes[name] = parse(given[one], one)
                break
    return changes


def stored_config(value: Any) -> SubjectConfig:
    """Return settings as they were kept."""
    return SubjectConfig(**parse_config(value))


def _choice(kind: type[Choice]) -> Callable[[Any, str], Choice | None]:
    def parse(value: Any, where: str) -> Choice | None:
        if value is None:
            return None
        try:
            return kind(_text(value, where).upper())
        except ValueError:
            known = ", ".join(str(one.value) for one in kind)
            raise InvalidCompatibilityLevel(
                f"Invalid {where}: {str(value)[:100]!r}; valid values are {known}"
            ) from None

    return parse


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where} must be an object")
    return value


def _list(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise InvalidRequest(f"{where} must be a list")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{where} must be text")
    if "\0" in value:
        raise InvalidRequest(f"{where} must not hold a null character")
    return value


def _text_set(value: Any, where: str) -> tuple[str, ...]:
    return tuple(sorted({_text(one, where) for one in _list(value, where)}))


def _optional_text(given: Mapping[str, Any], key: str, where: str) -> str | None:
    value = given.get(key)
    return None if value is None else _text(value, where)


def _nullable_text(value: Any, where: str) -> str | None:
    return None if value is None else _text(value, where)


def _subject(value: Any, where: str) -> str | None:
    text = _nullable_text(value, where)
    if text:
        parse_subject(text)
    return text


def _flag(value: Any, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise InvalidRequest(f"{where} must be true or false")


def _same(value: Any) -> Any:
    return value


_CONFIG_KEYS: Mapping[str, tuple[str, Callable[[Any, str], Any], Callable[[Any], Any]]] = {
    "compatibilityLevel": ("compatibility_level", _choice(CompatibilityLevel), str),
    "compatibilityPolicy": ("compatibility_policy", _choice(CompatibilityPolicy), str),
    "compatibilityGroup": ("compatibility_group", _nullable_text, _same),
    "normalize": ("normalize", _flag, _same),
    "validateFields": ("validate_fields", _flag, _same),
    "validateNewSchemas": ("validate_new_schemas", _flag, _same),
    "validateRules": ("validate_rules", _flag, _same),
    "alias": ("alias", _subject, _same),
    "aliasForDeks": ("alias_for_deks", _subject, _same),
    "defaultMetadata": (
        "default_metadata",
        lambda value, _: parse_metadata(value),
        metadata_document,
    ),
    "overrideMetadata": (
        "override_metadata",
        lambda value, _: parse_metadata(value),
        metadata_document,
    ),
    "defaultRuleSet": (
        "default_rule_set",
        lambda value, _: parse_rule_set(value),
        rule_set_document,
    ),
    "overrideRuleSet": (
        "override_rule_set",
        lambda value, _: parse_rule_set(value),
        rule_set_document,
    ),
}
assert {name for name, _, _ in _CONFIG_KEYS.values()} == {
    field.name for field in fields(SubjectConfig)
}, "each setting has its key"
