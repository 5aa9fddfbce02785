"""Which subject a client means: aliases, and other contexts for names without one."""

from schema_registry.registry.context import RegistryContext
from schema_registry.subjects import DEFAULT_CONTEXT, Subject, parse_subject


async def written_subject(context: RegistryContext, subject: Subject) -> Subject:
    """Return the subject behind a name that may be an alias; aliases of aliases are not followed.

    Raises:
        InvalidSubject: The alias names none.
    """
    settings = await context.views.settings([subject])
    found = settings.get(subject)
    alias = found.config.alias if found is not None and found.config is not None else None
    return parse_subject(alias, context=subject.context) if alias else subject


async def read_subject(context: RegistryContext, subject: Subject) -> Subject:
    """Return the subject that a question is about.

    A name without a context is looked for in the default context, then in all others in order.
    """
    target = await written_subject(context, subject)
    if target.context != DEFAULT_CONTEXT or await context.views.versions(target):
        return target
    async with context.store.reading() as reading:
        others = await reading.contexts_of(target.name)
    return Subject(others[0], target.name) if others else target
