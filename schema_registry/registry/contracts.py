"""Data contracts: metadata and rule sets, checked and merged; clients are who execute them.

A schema gets the defaults of its subject's settings below what it says itself, and the overrides
above. Rules of the same name replace each other.
Source: Confluent's "Data contracts"; section 1.7 of the facts on its registry.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from schema_registry.errors import InvalidRuleSet
from schema_registry.model import Metadata, Rule, RuleSet

RULES_MAX = 1_000
"""Rules of one schema."""

RULE_NAME_CHARS_MAX = 256
VERSION_PROPERTY = "confluent:version"
"""Says which version a schema is; it does not make it another one."""

RESERVED_PROPERTY = "confluent:reserved"
"""Names of fields that may not be used, by commas."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_KINDS = ("TRANSFORM", "CONDITION")
_MIGRATION_MODES = ("UPGRADE", "DOWNGRADE", "UPDOWN")
_OTHER_MODES = ("WRITE", "READ", "WRITEREAD")
_ENABLE_AT = ("ALL", "CLIENT", "GATEWAY", "SERVER", "NONE")


def check_rule_set(rule_set: RuleSet | None) -> None:
    """Refuse a rule set that clients could not execute.

    Raises:
        InvalidRuleSet: Names the rule.
    """
    if rule_set is None:
        return
    if rule_set.enable_at is not None and rule_set.enable_at not in _ENABLE_AT:
        raise InvalidRuleSet(f"enableAt is one of {', '.join(_ENABLE_AT)}")
    for rules, modes in (
        (rule_set.migration_rules, _MIGRATION_MODES),
        (rule_set.domain_rules, _OTHER_MODES),
        (rule_set.encoding_rules, _OTHER_MODES),
    ):
        names: set[str] = set()
        if len(rules or ()) > RULES_MAX:
            raise InvalidRuleSet(f"more than {RULES_MAX} rules")
        for rule in rules or ():
            if rule.name in names:
                raise InvalidRuleSet(f"two rules are named {rule.name!r}")
            names.add(rule.name)
            _check_rule(rule, modes)


def _check_rule(rule: Rule, modes: Sequence[str]) -> None:
    if not _NAME.match(rule.name) or len(rule.name) > RULE_NAME_CHARS_MAX:
        raise InvalidRuleSet(
            f"a rule's name begins with a letter or _, and has at most {RULE_NAME_CHARS_MAX}"
            f" characters; {rule.name[:RULE_NAME_CHARS_MAX]!r} does not"
        )
    if rule.kind is not None and rule.kind not in _KINDS:
        raise InvalidRuleSet(f"rule {rule.name}: a kind is one of {', '.join(_KINDS)}")
    if rule.mode is not None and rule.mode not in modes:
        raise InvalidRuleSet(f"rule {rule.name}: here a mode is one of {', '.join(modes)}")
    if not rule.type:
        raise InvalidRuleSet(f"rule {rule.name} has no type")
    for action in (rule.on_success, rule.on_failure):
        if action and "," in action and rule.mode not in ("WRITEREAD", "UPDOWN"):
            raise InvalidRuleSet(f"rule {rule.name}: two actions need the mode WRITEREAD or UPDOWN")


def merge_metadata(*layers: Metadata | None) -> Metadata | None:
    """Return all of these together, later ones above earlier ones; None if there are none."""
    found = [layer for layer in layers if layer is not None]
    if not found:
        return None
    tags: dict[str, tuple[str, ...]] = {}
    properties: dict[str, str] = {}
    sensitive: set[str] = set()
    for layer in found:
        for path, names in layer.tags.items():
            tags[path] = tuple(sorted({*tags.get(path, ()), *names}))
        properties |= layer.properties
        sensitive |= set(layer.sensitive)
    return Metadata(
        tags=dict(sorted(tags.items())),
        properties=dict(sorted(properties.items())),
        sensitive=tuple(sorted(sensitive)),
    )


def merge_rule_sets(*layers: RuleSet | None) -> RuleSet | None:
    """Return all of these together; rules of later ones replace those of the same name."""
    found = [layer for layer in layers if layer is not None]
    if not found:
        return None
    return RuleSet(
        migration_rules=merge_rules(layer.migration_rules for layer in found),
        domain_rules=merge_rules(layer.domain_rules for layer in found),
        encoding_rules=merge_rules(layer.encoding_rules for layer in found),
        enable_at=next((one.enable_at for one in reversed(found) if one.enable_at), None),
    )


def merge_rules(lists: Iterable[tuple[Rule, ...] | None]) -> tuple[Rule, ...] | None:
    """Return the rules of all lists; one that comes again goes to where it came last."""
    rules: dict[str, Rule] = {}
    given = False
    for one in lists:
        given = given or one is not None
        for rule in one or ():
            rules.pop(rule.name, None)
            rules[rule.name] = rule
    return tuple(rules.values()) if given else None


def without_version(metadata: Metadata | None) -> Metadata | None:
    """Return metadata without what does not make a schema another one; None if nothing is left."""
    if metadata is None:
        return None
    properties = {
        name: value for name, value in metadata.properties.items() if name != VERSION_PROPERTY
    }
    stripped = replace(metadata, properties=properties)
    return None if stripped == Metadata() else stripped
