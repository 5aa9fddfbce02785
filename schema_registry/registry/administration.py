"""Administration: settings and modes of subjects, of contexts and of all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schema_registry.errors import (
    CompatibilityNotConfigured,
    InvalidMode,
    InvalidSubject,
    ModeNotConfigured,
    OperationNotPermitted,
    SubjectNotFound,
)
from schema_registry.model import CompatibilityLevel, Mode, SubjectConfig
from schema_registry.registry.context import RegistryContext, to_its_end
from schema_registry.registry.contracts import check_rule_set
from schema_registry.registry.effective import effective_settings
from schema_registry.store import ListQuery, Settings, Writing
from schema_registry.subjects import DEFAULT_CONTEXT, GLOBAL_CONTEXT, Subject

DEFAULT_SCOPE = Subject(DEFAULT_CONTEXT, "")
"""What settings without a subject are of: the default context."""

ERASED_PER_PAGE = 1_000


async def get_config(
    context: RegistryContext, scope: Subject, *, default_to_global: bool
) -> SubjectConfig:
    """Return what a scope is set to.

    Args:
        context: The registry.
        scope: A subject, or a context.
        default_to_global: With what it inherits; always so for a context.

    Raises:
        CompatibilityNotConfigured: Nothing is set for the subject itself.
    """
    settings = await context.views.settings(scope.scopes())
    own = settings.get(scope)
    if scope.is_context or default_to_global:
        return effective_settings(scope, settings).config
    if own is None or own.config is None:
        raise CompatibilityNotConfigured(
            f"Subject '{scope}' does not have subject-level compatibility configured"
        )
    if own.config.compatibility_level is None:
        found = effective_settings(scope, settings).config
        return replace(own.config, compatibility_level=found.compatibility_level)
    return own.config


@to_its_end
async def put_config(
    context: RegistryContext, scope: Subject, changes: Mapping[str, Any]
) -> SubjectConfig:
    """Change settings of a scope; those that are not named stay.

    Args:
        context: The registry.
        scope: A subject, or a context.
        changes: By field; None takes a setting away.

    Raises:
        RegistryError: Why not.
    """
    for name in ("default_rule_set", "override_rule_set"):
        check_rule_set(changes.get(name))
    _check_scope(scope)
    async with context.changing("PutConfig", [_name(scope), *sorted(changes)]) as writing:
        settings = await _settings(writing, scope)
        _check_writable(scope, settings)
        own = settings.get(scope, Settings()).config or SubjectConfig()
        changed = replace(own, **changes)
        await writing.put_config(scope, changed if changed != SubjectConfig() else None)
    return changed


@to_its_end
async def delete_config(context: RegistryContext, scope: Subject) -> SubjectConfig:
    """Take all settings of a scope away; return what they were.

    Raises:
        SubjectNotFound: A subject has none.
    """
    async with context.changing("DeleteConfig", [_name(scope)]) as writing:
        settings = await _settings(writing, scope)
        _check_writable(scope, settings)
        own = settings.get(scope, Settings()).config
        if own is None and not scope.is_context:
            raise SubjectNotFound(f"Subject '{scope}' not found.")
        await writing.put_config(scope, None)
    return own or SubjectConfig(compatibility_level=CompatibilityLevel.BACKWARD)


async def get_mode(context: RegistryContext, scope: Subject, *, default_to_global: bool) -> Mode:
    """Return the mode of a scope.

    Args:
        context: The registry.
        scope: A subject, or a context.
        default_to_global: Or what it inherits; always so for a context.

    Raises:
        ModeNotConfigured: The subject has none of its own.
    """
    settings = await context.views.settings(scope.scopes())
    own = settings.get(scope)
    if not scope.is_context and not default_to_global and (own is None or own.mode is None):
        raise ModeNotConfigured(f"Subject '{scope}' does not have subject-level mode configured")
    return effective_settings(scope, settings).mode


@to_its_end
async def put_mode(
    context: RegistryContext, scope: Subject, mode: Mode | None, *, force: bool
) -> None:
    """Set the mode of a scope, or take it away.

    Args:
        context: The registry.
        scope: A subject, or a context.
        mode: None takes it away.
        force: Switch to IMPORT although there are subjects.

    Raises:
        RegistryError: Why not.
    """
    _check_scope(scope)
    if mode is Mode.FORWARD and scope.context != GLOBAL_CONTEXT:
        raise InvalidMode("the mode FORWARD is for all contexts only")
    items = [_name(scope), f"mode {'none' if mode is None else mode.value}"]
    async with context.changing("PutMode", items + ["force"] * force) as writing:
        if mode is Mode.IMPORT:
            await _make_room_for_import(writing, scope, force=force)
        await writing.put_mode(scope, mode)


@to_its_end
async def delete_mode(context: RegistryContext, scope: Subject, *, recursive: bool) -> Mode:
    """Take the mode of a scope away; return what it was.

    Args:
        context: The registry.
        scope: A subject, or a context.
        recursive: Those of all the context's subjects as well.

    Raises:
        SubjectNotFound: The subject has none.
    """
    items = [_name(scope)] + ["recursive"] * recursive
    async with context.changing("DeleteMode", items) as writing:
        settings = await _settings(writing, scope)
        own = settings.get(scope, Settings()).mode
        if own is None and not scope.is_context:
            raise SubjectNotFound(f"Subject '{scope}' not found.")
        found = own or effective_settings(scope, settings).mode
        await writing.put_mode(scope, None)
        if recursive and scope.is_context:
            for subject in await writing.moded_subjects(scope.context):
                await writing.put_mode(subject, None)
    return found


def parse_mode(text: str) -> Mode:
    """Return a mode.

    Raises:
        InvalidMode: It is none.
    """
    try:
        return Mode(text.upper())
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise InvalidMode(f"Invalid mode {text[:50]!r}. Valid values are {known}") from None


def _name(scope: Subject) -> str:
    return f"context {scope.context}" if scope.is_context else f"subject {scope}"


async def _settings(writing: Writing, scope: Subject) -> Mapping[Subject, Settings]:
    return await writing.settings(scope.scopes())


def _check_writable(scope: Subject, settings: Mapping[Subject, Settings]) -> None:
    if effective_settings(scope, settings).mode.is_read_only:
        raise OperationNotPermitted(f"Subject {scope} in context {scope.context} is read-only")


def _check_scope(scope: Subject) -> None:
    if scope.context == "*" or scope.name in ("__GLOBAL", "__EMPTY"):
        raise InvalidSubject(f"{str(scope)!r} is no subject")
    if scope.context == GLOBAL_CONTEXT and not scope.is_context:
        raise InvalidSubject(f"{GLOBAL_CONTEXT} has no subjects")


async def _make_room_for_import(writing: Writing, scope: Subject, *, force: bool) -> None:
    """Erase what is deleted softly; refuse if something is not."""
    if scope.is_context:
        context = None if scope.context == GLOBAL_CONTEXT else scope.context
        live = [] if force else await writing.subjects(ListQuery(context=context, limit=1))
    else:
        versions = await writing.versions(scope)
        live = [] if force or all(one.deleted for one in versions) else [scope]
    if live:
        raise OperationNotPermitted("Cannot import since found existing subjects")
    if not scope.is_context:
        gone = [one.version for one in await writing.versions(scope) if one.deleted]
        await writing.erase_versions(scope, gone)
        return
    query = ListQuery(context=context, live=False, deleted=True, limit=ERASED_PER_PAGE)
    while deleted := await writing.subjects(query):
        for subject in deleted:
            gone = [one.version for one in await writing.versions(subject) if one.deleted]
            await writing.erase_versions(subject, gone)
