"""Views: kept until something changes, and known for a revision only while they are of it."""

from schema_registry.store import Settings
from schema_registry.subjects import Subject
from tests.support.registry.door import RunningRegistry, record

S, OTHER = Subject(".", "s"), Subject(".", "other")


async def test_what_a_registration_wrote_is_known_at_its_revision(
    registry: RunningRegistry,
) -> None:
    views = registry.context.views
    await registry.register("s", record("a"))
    await registry.register("s", record("a", "b"))
    async with registry.context.store.reading() as reading:
        revision = await reading.revision()
        stored = await reading.versions(S)

    assert views.at(revision, S) == (stored, {})
    assert len(stored) == 2
    assert views.at(revision - 1, S) is None
    assert views.at(revision + 1, S) is None, "another process has changed something"
    assert views.at(revision, OTHER) is None, "nobody has asked for it"


async def test_settings_count_and_a_change_of_them_is_seen(registry: RunningRegistry) -> None:
    await registry.register("s", record("a"))
    await registry.set("/config/s", compatibility="NONE")
    views = registry.context.views
    await views.versions(S)
    found = await views.settings(S.scopes())

    async with registry.context.store.reading() as reading:
        known = views.at(await reading.revision(), S)

    assert isinstance(found[S], Settings)
    assert known == (await views.versions(S), found)


async def test_a_change_behind_the_back_of_the_views_is_not_written_over(
    registry: RunningRegistry,
) -> None:
    """As by another process: the registration that decided on old versions decides again."""
    await registry.register("s", record("a"))
    async with registry.context.store.writing() as writing:
        (first,) = await writing.versions(S)
        await writing.mark_deleted(S, [first.version])

    found = await registry.ask("POST", "/subjects/s/versions", {"schema": record("a", "b")})

    assert found["version"] == 2
    assert await registry.ask("GET", "/subjects/s/versions") == [2]
    assert await registry.ask("GET", "/subjects/s/versions?deleted=true") == [1, 2]
