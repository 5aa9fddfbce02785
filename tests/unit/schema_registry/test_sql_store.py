"""The store in SQL: what is written is read, and a transaction that fails leaves nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema_registry.errors import StoreUnavailable
from schema_registry.model import (
    Metadata,
    Mode,
    SchemaContent,
    SchemaReference,
    SchemaType,
    StoredSchema,
    SubjectConfig,
)
from schema_registry.sql_store import sql_store
from schema_registry.store import Association, ListQuery, Settings, Store, Use, Version
from schema_registry.subjects import Subject
from tests.support.registry.door import running_registry

S, T = Subject(".", "s"), Subject(".c", "t")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with running_registry(tmp_path) as running:
        yield running.context.store


def schema(
    schema_id: int, text: str = '"int"', context: str = ".", refers: str = ""
) -> StoredSchema:
    references = (SchemaReference(name="n", subject=refers, version=1),) if refers else ()
    content = SchemaContent(
        schema_type=SchemaType.AVRO,
        text=text,
        references=references,
        metadata=Metadata(properties={"a": "b"}),
    )
    return StoredSchema(
        context=context, schema_id=schema_id, guid=f"g-{text}", content=content, created_at_ms=5
    )


def version(number: int, schema_id: int, *, deleted: bool = False) -> Version:
    return Version(version=number, schema_id=schema_id, deleted=deleted, registered_at_ms=7)


async def test_schemas_and_versions_come_back(store: Store) -> None:
    async with store.writing() as writing:
        await writing.insert_schema(schema(1))
        await writing.put_version(S, version(1, 1))

    async with store.reading() as reading:
        assert await reading.schemas(".", [1, 2]) == {1: schema(1)}
        assert await reading.versions(S) == (version(1, 1),)
        assert await reading.by_guid('g-"int"') == [schema(1)]
        assert await reading.uses(".", 1) == [Use(subject=S, version=1, deleted=False)]
        assert await reading.contexts() == ["."]
        assert await reading.contexts_of("s") == ["."]
        assert await reading.revision() == 1


async def test_ids_are_counted_in_each_context_and_do_not_go_back(store: Store) -> None:
    async with store.writing() as writing:
        assert [await writing.take_id("."), await writing.take_id(".")] == [1, 2]
        assert await writing.take_id(".c") == 1
        await writing.keep_id(".c", 9)
        await writing.keep_id(".c", 4)

    async with store.reading() as reading:
        assert [await reading.max_id(one) for one in (".", ".c", ".none")] == [2, 9, 0]


async def test_a_transaction_that_fails_takes_no_id(store: Store) -> None:
    async def fail() -> None:
        async with store.writing() as writing:
            await writing.take_id(".")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    async with store.writing() as writing:
        assert await writing.take_id(".") == 1
        assert await writing.revision() == 1


async def test_schemas_go_with_their_last_version(store: Store) -> None:
    async with store.writing() as writing:
        await writing.insert_schema(schema(1))
        await writing.insert_schema(schema(2, '"long"', refers="s"))
        for subject, number, schema_id in ((S, 1, 1), (S, 2, 2), (Subject(".", "u"), 1, 1)):
            await writing.put_version(subject, version(number, schema_id))
        await writing.mark_deleted(S, [1, 2])
        assert await writing.referrers(S, 1) == [(".", 2)]
        await writing.erase_versions(S, [1, 2])

    async with store.reading() as reading:
        assert set(await reading.schemas(".", [1, 2])) == {1}
        assert await reading.referrers(S, None) == []


async def test_a_version_takes_the_place_of_another_one_of_its_number(store: Store) -> None:
    async with store.writing() as writing:
        await writing.insert_schema(schema(1))
        await writing.insert_schema(schema(2, '"long"'))
        await writing.put_version(S, version(1, 1))
        await writing.put_version(S, version(1, 1, deleted=True))
        await writing.put_version(S, version(1, 2))

        assert await writing.versions(S) == (version(1, 2),)
        assert set(await writing.schemas(".", [1, 2])) == {2}


async def test_lists_are_in_order_and_tell_cases_apart(store: Store) -> None:
    async with store.writing() as writing:
        await writing.insert_schema(schema(1))
        await writing.insert_schema(schema(1, context=".c"))
        for name in ("a_1", "ab1", "A_1"):
            await writing.put_version(Subject(".", name), version(1, 1))
        await writing.put_version(T, version(1, 1, deleted=True))
        await writing.put_version(Subject(".", "ab1"), version(2, 1, deleted=True))

        def query(prefix: str = "", *, live: bool = True, deleted: bool = False) -> ListQuery:
            return ListQuery(context=None, prefix=prefix, live=live, deleted=deleted, limit=10)

        assert await writing.subjects(query("a_")) == [Subject(".", "a_1")]
        assert await writing.subjects(query(live=False, deleted=True)) == [Subject(".", "ab1"), T]
        assert len(await writing.subjects(query(deleted=True))) == 4
        newest = ListQuery(context=".", prefix="ab", deleted=True, latest_only=True, limit=10)
        assert [one.version for _, one in await writing.list_versions(newest)] == [2]
        assert len(await writing.list_versions(query(deleted=True))) == 5


async def test_settings_are_kept_until_nothing_is_set(store: Store) -> None:
    config = SubjectConfig(alias="other")
    async with store.writing() as writing:
        await writing.put_config(S, config)
        await writing.put_mode(S, Mode.READONLY)
        assert await writing.settings([S, T]) == {S: Settings(config=config, mode=Mode.READONLY)}
        assert await writing.aliases() == {S: "other"}
        assert await writing.moded_subjects(".") == [S]
        await writing.put_config(S, None)
        assert await writing.settings([S]) == {S: Settings(mode=Mode.READONLY)}
        await writing.put_mode(S, None)
        assert await writing.settings([S]) == {}


async def test_contexts_are_forgotten_with_their_settings(store: Store) -> None:
    async with store.writing() as writing:
        await writing.take_id(".c")
        await writing.put_mode(Subject(".c", ""), Mode.READONLY)
        await writing.erase_context(".c")

        assert await writing.contexts() == []
        assert await writing.settings([Subject(".c", "")]) == {}


async def test_associations_are_one_of_each_type(store: Store) -> None:
    one = Association(
        resource_id="1",
        resource_name="orders",
        resource_namespace="-",
        resource_type="topic",
        association_type="value",
        subject=T,
        lifecycle="WEAK",
    )
    async with store.writing() as writing:
        await writing.put_association(one)
        await writing.put_association(one)

        assert await writing.associations(resource_id="1") == [one]
        assert await writing.associations(subject=T) == [one]
        assert await writing.associations(subject=S) == []
        assert await writing.associations_of_name("orders") == [one]
        await writing.erase_association(one)
        assert await writing.associations() == []


async def test_versions_of_many_subjects_are_read_at_once(store: Store) -> None:
    async with store.writing() as writing:
        await writing.insert_schema(schema(1))
        for number in (2, 1):
            await writing.put_version(S, version(number, 1), is_new=True)

    async with store.reading() as reading:
        found = await reading.versions_of([S, T])

    assert found == {S: (version(1, 1), version(2, 1))}


async def test_changes_wait_for_each_other_but_not_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def revision() -> int:
        async with store.writing() as writing:
            return await writing.revision()

    assert sorted(await asyncio.gather(*(revision() for _ in range(5)))) == [1, 2, 3, 4, 5]

    monkeypatch.setattr(sql_store, "TURN_WAIT_S", 0.01)
    async with store.writing():
        with pytest.raises(StoreUnavailable):
            await revision()
    assert await revision() == 7
