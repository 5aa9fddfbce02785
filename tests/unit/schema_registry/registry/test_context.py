"""What verbs are given: each says what it changes before it does, and how that ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from schema_registry.errors import AuditUnavailable, SubjectNotFound
from schema_registry.model import Mode
from schema_registry.registry.administration import (
    delete_config,
    delete_mode,
    put_config,
    put_mode,
)
from schema_registry.registry.associations import (
    AssociationQuery,
    NewAssociation,
    Resource,
    associate,
    dissociate,
)
from schema_registry.registry.candidates import NewSchema
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.deletion import delete_context, delete_subject, delete_version
from schema_registry.registry.registration import register
from schema_registry.subjects import Subject
from tests.support.registry.door import RunningRegistry
from tests.support.registry.ledger import FakeLedger

S, GONE, HERE = Subject(".", "s"), Subject(".", "gone"), Subject(".ctx", "")
ORDERS = Resource(resource_id="r", name="orders", namespace="n")
WANTED = NewAssociation(association_type="value", subject=S, schema=NewSchema(text='"bytes"'))
ALL = AssociationQuery()
Change = Callable[[RegistryContext], Awaitable[object]]

CHANGES: list[tuple[Change, list[tuple[str, list[str]]]]] = [
    (
        lambda context: register(context, S, NewSchema(text='"string"')),
        [("RegisterSchema", ["subject s"])],
    ),
    (
        lambda context: put_config(context, S, {"normalize": True, "alias": None}),
        [("PutConfig", ["subject s", "alias", "normalize"])],
    ),
    (lambda context: delete_config(context, S), [("DeleteConfig", ["subject s"])]),
    (
        lambda context: put_mode(context, HERE, Mode.READONLY, force=True),
        [("PutMode", ["context .ctx", "mode READONLY", "force"])],
    ),
    (
        lambda context: delete_mode(context, HERE, recursive=True),
        [("DeleteMode", ["context .ctx", "recursive"])],
    ),
    (
        lambda context: associate(context, ORDERS, [WANTED], create_only=True),
        [
            ("RegisterSchema", ["subject s"]),
            ("CreateAssociations", ["resource r", "subject s"]),
        ],
    ),
    (
        lambda context: associate(
            context, ORDERS, [replace(WANTED, schema=None)], create_only=False
        ),
        [("PutAssociations", ["resource r", "subject s"])],
    ),
    (
        lambda context: dissociate(context, "r", ALL, cascade=True),
        [("DeleteAssociations", ["resource r", "subject s", "cascade"])],
    ),
    (
        lambda context: delete_subject(context, S, permanent=True),
        [("DeleteSubject", ["subject s", "permanently"])],
    ),
    (
        lambda context: delete_version(context, GONE, -1, permanent=False),
        [("DeleteVersion", ["subject gone", "version latest", "softly"])],
    ),
    (lambda context: delete_context(context, ".ctx"), [("DeleteContext", ["context .ctx"])]),
]
"""In this order; each needs what those before it made."""


async def _prepare(registry: RunningRegistry) -> None:
    await registry.set("/config", compatibility="NONE")
    await registry.register("gone", '"int"')
    await registry.register(":.ctx:x", '"int"')
    for query in ("", "?permanent=true"):
        await registry.ask("DELETE", f"/subjects/:.ctx:x{query}")


async def test_every_verb_says_what_it_changes(registry: RunningRegistry) -> None:
    await _prepare(registry)

    for change, said in CHANGES:
        ledger = FakeLedger()
        await change(replace(registry.context, ledger=ledger))
        assert ledger.begun == said
        assert ledger.ended == [""] * len(said)


async def test_what_only_making_a_change_tells_is_told_of_its_end(
    registry: RunningRegistry,
) -> None:
    ledger = FakeLedger()
    context = replace(registry.context, ledger=ledger)

    for text in ('"int"', '"long"', '"double"'):
        await register(context, S, NewSchema(text=text))
    await delete_version(context, S, -1, permanent=False)
    await delete_subject(context, S, permanent=False)

    assert ledger.made == [
        *(["version 1", "id 1"], ["version 2", "id 2"], ["version 3", "id 3"]),
        *(["version 3"], ["version 1", "version 2"]),
    ]


async def test_no_verb_changes_anything_that_cannot_be_written_down(
    registry: RunningRegistry,
) -> None:
    await _prepare(registry)
    failing = replace(registry.context, ledger=FakeLedger(is_failing=True))

    for change, said in CHANGES:
        before = await _revision(registry)
        with pytest.raises(AuditUnavailable):
            await change(failing)
        assert await _revision(registry) == before, said
        await change(registry.context)


async def test_a_change_that_fails_is_told_with_its_error(registry: RunningRegistry) -> None:
    ledger = FakeLedger()

    with pytest.raises(SubjectNotFound):
        await delete_subject(replace(registry.context, ledger=ledger), GONE, permanent=False)

    assert (ledger.begun[0][0], ledger.ended) == ("DeleteSubject", ["SubjectNotFound"])


async def test_a_change_whose_caller_is_gone_is_told_as_it_ended(
    registry: RunningRegistry,
) -> None:
    ledger = FakeLedger()
    begins, goes_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slow(verb: str, items: Sequence[str]) -> AsyncIterator[list[str]]:
        begins.set()
        await goes_on.wait()
        async with ledger(verb, items) as made:
            yield made

    context = replace(registry.context, ledger=slow)
    caller = asyncio.create_task(register(context, S, NewSchema(text='"string"')))
    await begins.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    goes_on.set()
    async with asyncio.timeout(30):
        while not ledger.ended:
            await asyncio.sleep(0.01)

    assert ledger.ended == [""]
    assert await registry.ask("GET", "/subjects/s/versions") == [1]


async def _revision(registry: RunningRegistry) -> int:
    async with registry.context.store.reading() as reading:
        return await reading.revision()
