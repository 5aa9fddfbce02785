"""Effective settings: what holds for a subject, from its own, its context's and the global ones.

The compatibility level, and what says how schemas are checked, is looked for in each scope in
turn. Metadata and rule sets come from the first scope that has settings, whole.
Source: section 1.7 of the facts on Confluent's registry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from schema_registry.model import CompatibilityLevel, CompatibilityPolicy, Mode, SubjectConfig
from schema_registry.store import Settings
from schema_registry.subjects import GLOBAL, Subject

_NOT_INHERITED = frozenset(
    {
        "alias",
        "alias_for_deks",
        "default_metadata",
        "override_metadata",
        "default_rule_set",
        "override_rule_set",
    }
)
_INHERITED = [one.name for one in fields(SubjectConfig) if one.name not in _NOT_INHERITED]
DEFAULT_LEVEL = CompatibilityLevel.BACKWARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What holds for a subject."""

    config: SubjectConfig
    """As the subject would see it: with what it inherits."""

    mode: Mode

    @property
    def level(self) -> CompatibilityLevel:
        """Which data must stay readable."""
        return self.config.compatibility_level or DEFAULT_LEVEL

    @property
    def policy(self) -> CompatibilityPolicy:
        """How strictly changes are judged."""
        return self.config.compatibility_policy or CompatibilityPolicy.STRICT


def effective_settings(subject: Subject, settings: Mapping[Subject, Settings]) -> Effective:
    """Return what holds for a subject, or for a context.

    Args:
        subject: It, or its context with an empty name.
        settings: Those of its scopes that have any.
    """
    scopes = subject.scopes()
    configs = [settings[one].config for one in scopes if one in settings]
    return Effective(
        config=_merged([config for config in configs if config is not None]),
        mode=_mode(scopes, settings),
    )


def _merged(configs: Sequence[SubjectConfig]) -> SubjectConfig:
    first = configs[0] if configs else SubjectConfig()
    inherited = {
        name: next(
            (found for config in configs if (found := getattr(config, name)) is not None), None
        )
        for name in _INHERITED
    }
    merged = replace(first, **inherited)
    return replace(merged, compatibility_level=merged.compatibility_level or DEFAULT_LEVEL)


def _mode(scopes: Sequence[Subject], settings: Mapping[Subject, Settings]) -> Mode:
    above = settings.get(GLOBAL)
    if above is not None and above.mode is Mode.READONLY_OVERRIDE:
        return above.mode
    for scope in scopes:
        found = settings.get(scope)
        if found is not None and found.mode is not None:
            return found.mode
    return Mode.READWRITE
