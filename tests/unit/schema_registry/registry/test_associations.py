"""Associations: what stands beside what, and what goes with what."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from schema_registry.registry.associations import AssociationQuery, dissociate
from tests.support.registry.door import RunningRegistry, record

A, AB = record("a"), record("a", "b")
BROKEN = '{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}'
ORDERS = {"resourceName": "orders", "resourceNamespace": "lkc-1", "resourceId": "id-1"}
BILLS = {"resourceName": "bills", "resourceNamespace": "lkc-1", "resourceId": "id-2"}


def asked(*associations: dict[str, Any], **resource: str) -> dict[str, Any]:
    return {**(resource or ORDERS), "associations": list(associations)}


def value(subject: str | None = "s", **more: Any) -> dict[str, Any]:
    named = {} if subject is None else {"subject": subject}
    return {**named, "associationType": "value", **more}


async def types(registry: RunningRegistry, path: str) -> list[tuple[str, str, str]]:
    found = await registry.ask("GET", f"/associations/{path}")
    return [(one["resourceName"], one["associationType"], one["lifecycle"]) for one in found]


class TestCreate:
    async def test_schemas_are_registered_and_both_types_are_found_by_all_that_names_them(
        self, registry: RunningRegistry
    ) -> None:
        answer = await registry.ask(
            "POST",
            "/associations",
            asked(
                {"subject": "k", "associationType": "key", "schema": {"schema": A}},
                value(lifecycle="WEAK", schema={"schema": AB}),
            ),
        )

        assert [one["lifecycle"] for one in answer["associations"]] == ["STRONG", "WEAK"]
        assert answer["associations"][1]["schema"]["schema"] == AB.replace(" ", "")
        assert {name: answer[name] for name in ORDERS} == ORDERS
        assert await registry.ask("GET", "/subjects") == ["k", "s"]
        both = [("orders", "key", "STRONG"), ("orders", "value", "WEAK")]
        assert await types(registry, "resources/id-1") == both
        assert await types(registry, "resources/lkc-1/orders") == both
        assert await types(registry, "resources/-/orders") == both
        assert await types(registry, "resources/lkc-2/orders") == []
        assert await types(registry, "resources/-/orders?associationType=key") == both[:1]
        assert await types(registry, "resources/id-1?lifecycle=WEAK") == both[1:]
        assert await types(registry, "resources/id-1?offset=1&limit=1") == both[1:]
        assert await types(registry, "subjects/s") == both[1:]
        assert await types(registry, "subjects/nobody") == []

    @pytest.mark.parametrize(
        "path",
        ["resources/a%00", "resources/-/a%00", "resources/a%0A/b", "resources/x?lifecycle=FIRM"],
    )
    async def test_what_is_no_name_is_refused(self, registry: RunningRegistry, path: str) -> None:
        assert await registry.refused("GET", f"/associations/{path}") == (422, 42212)

    async def test_the_same_once_more_is_fine_and_another_is_refused(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.register("t", A)
        for _ in range(2):
            await registry.ask("POST", "/associations", asked(value()))

        for other in (value("t"), value(lifecycle="STRONG")):
            assert await registry.refused("POST", "/associations", asked(other)) == (409, 40903)
        assert await registry.refused("PUT", "/associations/resources/id-1", asked(value("t"))) == (
            409,
            40903,
        )

    async def test_a_subject_is_one_resources_alone_or_nobodys(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.ask("POST", "/associations", asked(value()))

        strong = asked(value(lifecycle="STRONG"), **BILLS)
        assert await registry.refused("POST", "/associations", strong) == (409, 40904)
        await registry.ask("PUT", "/associations/resources/id-1", asked(value(lifecycle="STRONG")))
        assert await registry.refused("POST", "/associations", asked(value(), **BILLS)) == (
            409,
            40905,
        )
        key_too = asked({"subject": "s", "associationType": "key"})
        assert await registry.refused("POST", "/associations", key_too) == (409, 40905)

    async def test_two_types_may_share_a_subject_unless_one_is_strong(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        key = {"subject": "s", "associationType": "key"}

        strong = asked(value(lifecycle="STRONG"), key)
        assert await registry.refused("POST", "/associations", strong) == (409, 40904)
        await registry.ask("POST", "/associations", asked(value(), key))

        assert len(await types(registry, "subjects/s")) == 2

    async def test_a_subject_needs_a_live_version(self, registry: RunningRegistry) -> None:
        assert await registry.refused("POST", "/associations", asked(value())) == (409, 40907)
        await registry.register("s", A)
        await registry.ask("DELETE", "/subjects/s")
        assert await registry.refused("POST", "/associations", asked(value())) == (409, 40907)

    async def test_a_subject_that_is_not_named_is_in_the_namespaces_context(
        self, registry: RunningRegistry
    ) -> None:
        answer = await registry.ask(
            "POST", "/associations", asked(value(None, schema={"schema": A}))
        )

        assert answer["associations"][0]["subject"] == ":.lkc-1:orders-value"

    async def test_nothing_is_made_of_a_request_of_which_one_part_is_refused(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("k", A)
        both = asked({"subject": "k", "associationType": "key"}, value("nobody"))

        assert await registry.refused("POST", "/associations", both) == (409, 40907)

        assert await types(registry, "resources/id-1") == []

    async def test_a_schema_that_is_not_compatible_is_refused_with_its_association(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        bad = asked(value(schema={"schema": BROKEN}))

        assert await registry.refused("POST", "/associations", bad) == (409, 409)
        assert await registry.refused("POST", "/associations?dryRun=true", bad) == (409, 409)

        assert await types(registry, "resources/id-1") == []

    async def test_a_dry_run_says_what_would_be_refused_and_changes_nothing(
        self, registry: RunningRegistry
    ) -> None:
        good = asked(value(schema={"schema": A}))
        del good["resourceId"]

        answer = await registry.ask("POST", "/associations?dryRun=true", good)

        assert "associations" not in answer
        assert await registry.ask("GET", "/subjects") == []
        assert await registry.refused("POST", "/associations?dryRun=true", asked(value())) == (
            409,
            40907,
        )
        assert await registry.refused("POST", "/associations", good) == (422, 42212)

    @pytest.mark.parametrize(
        "change",
        [
            {"resourceName": ""},
            {"resourceNamespace": 3},
            {"resourceName": "a\nb"},
            {"resourceType": "table"},
            {"associations": []},
            {"associations": "x"},
            {"associations": [value(), value()]},
            {"associations": [value(""), {"associationType": "header"}]},
            {"associations": [value(lifecycle="FIRM")]},
            {"associations": [value(frozen="yes")]},
            {"associations": [value(lifecycle="WEAK", frozen=True)]},
            {"associations": [value(frozen=True), {**value(), "associationType": "key"}]},
            {
                "associations": [
                    value(frozen=True, lifecycle="STRONG"),
                    {"associationType": "key", "frozen": False},
                ]
            },
        ],
    )
    async def test_what_is_no_association_is_refused(
        self, registry: RunningRegistry, change: dict[str, Any]
    ) -> None:
        await registry.register("s", A)

        found = await registry.refused("POST", "/associations", {**asked(value()), **change})

        assert found == (422, 42212)


class TestChange:
    async def test_frozen_it_stays_until_it_is_thawed(self, registry: RunningRegistry) -> None:
        path = "/associations/resources/id-1"
        await registry.register("s", A)
        frozen = asked(value(lifecycle="STRONG", frozen=True))
        await registry.ask("POST", "/associations", frozen)

        weak = asked(value(lifecycle="WEAK"))
        assert await registry.refused("PUT", path, weak) == (409, 40908)
        assert await registry.refused("DELETE", path) == (409, 40908)
        assert await registry.ask("PUT", path, frozen)
        assert await registry.ask("PUT", path, asked(value()))
        await registry.ask("PUT", path, asked(value(lifecycle="WEAK", frozen=False)))

        assert await types(registry, "subjects/s") == [("orders", "value", "WEAK")]

    async def test_what_is_left_out_stays(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        await registry.ask("POST", "/associations", asked(value(lifecycle="STRONG")))

        await registry.ask("PUT", "/associations/resources/id-1", asked(value()))

        assert await types(registry, "subjects/s") == [("orders", "value", "STRONG")]

    async def test_a_resource_keeps_its_name(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        await registry.ask("POST", "/associations", asked(value()))

        renamed = {**asked(value()), "resourceName": "other"}
        assert await registry.refused("PUT", "/associations/resources/id-1", renamed) == (
            422,
            42212,
        )


class TestDelete:
    async def test_strong_subjects_go_along_where_that_is_asked_for(
        self, registry: RunningRegistry
    ) -> None:
        await registry.ask(
            "POST",
            "/associations",
            asked(
                {"subject": "k", "associationType": "key", "schema": {"schema": A}},
                value(lifecycle="WEAK", schema={"schema": A}),
            ),
        )

        path = "/associations/resources/id-1?cascadeLifecycle=true"
        assert await registry.ask("DELETE", f"{path}&dryRun=true") is None
        assert len(await types(registry, "resources/id-1")) == 2
        assert await registry.ask("DELETE", path) is None

        assert await types(registry, "resources/id-1") == []
        assert await registry.ask("GET", "/subjects") == ["s"]
        assert await registry.ask("GET", "/subjects/k/versions?deleted=true") == [1]
        assert await registry.refused("DELETE", path) == (404, 40410)

    async def test_one_type_alone(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        key = {"subject": "s", "associationType": "key"}
        await registry.ask("POST", "/associations", asked(value(), key))

        await registry.ask("DELETE", "/associations/resources/id-1?associationType=key")

        assert await types(registry, "subjects/s") == [("orders", "value", "WEAK")]

    async def test_what_comes_meanwhile_stays(self, registry: RunningRegistry) -> None:
        strong = {"lifecycle": "STRONG", "schema": {"schema": A}}
        await registry.ask("POST", "/associations", asked(value(**strong)))
        key = {"subject": "k", "associationType": "key", **strong}

        @asynccontextmanager
        async def meanwhile(_verb: str, _items: Sequence[str]) -> AsyncIterator[list[str]]:
            await registry.ask("POST", "/associations", asked(key))
            yield []

        context = replace(registry.context, ledger=meanwhile)
        gone = await dissociate(context, "id-1", AssociationQuery(), cascade=True)

        assert [str(one.subject) for one in gone] == ["s"]
        assert await types(registry, "resources/id-1") == [("orders", "key", "STRONG")]
        assert await registry.ask("GET", "/subjects") == ["k"]

    async def test_what_refers_to_the_subject_keeps_all_as_it_is(
        self, registry: RunningRegistry
    ) -> None:
        await registry.ask("POST", "/associations", asked(value(schema={"schema": A})))
        reference = {"name": "R", "subject": "s", "version": 1}
        await registry.register("t", record("r", name="T"), references=[reference])

        path = "/associations/resources/id-1?cascadeLifecycle=true"
        assert await registry.refused("DELETE", path) == (422, 42206)

        assert await types(registry, "subjects/s") == [("orders", "value", "STRONG")]
        assert await registry.ask("GET", "/subjects") == ["s", "t"]

    async def test_an_associated_subject_keeps_a_live_version(
        self, registry: RunningRegistry
    ) -> None:
        await registry.register("s", A)
        await registry.register("s", AB)
        await registry.ask("POST", "/associations", asked(value()))

        assert await registry.refused("DELETE", "/subjects/s") == (409, 40904)
        assert await registry.ask("DELETE", "/subjects/s/versions/1") == 1
        assert await registry.refused("DELETE", "/subjects/s/versions/2") == (409, 40907)
        await registry.ask("DELETE", "/associations/resources/id-1")
        assert await registry.ask("DELETE", "/subjects/s") == [2]


class TestBatches:
    async def test_each_request_is_answered_by_itself(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        create = {**ORDERS, "associations": [{"opType": "CREATE", **value()}]}
        bad = {**BILLS, "associations": [{"opType": "CREATE", **value("nobody")}]}
        none = {**BILLS, "associations": [{"opType": "DELETE", "associationType": "key"}]}
        odd = {**BILLS, "associations": [{"opType": "MERGE"}]}

        answer = await registry.client.post(
            "/associations:batchMutate", json={"requests": [create, bad, none, odd]}
        )
        found = await registry.client.post(
            "/associations:batchGet",
            json={"requests": [ORDERS, {"resourceId": "id-2"}, {"resourceName": "orders"}]},
        )

        assert (answer.status_code, found.status_code) == (207, 207)
        made, *refused = answer.json()["results"]
        assert made["result"]["associations"][0]["subject"] == "s"
        assert [one["error"]["error_code"] for one in refused] == [40907, 40410, 42212]
        listed = found.json()["results"]
        assert [one["subject"] for one in listed[0]["result"]["associations"]] == ["s"]
        assert listed[1]["result"]["associations"] == []
        assert listed[2]["error"]["error_code"] == 42212

    async def test_operations_of_one_resource_go_in_order(self, registry: RunningRegistry) -> None:
        await registry.register("s", A)
        upsert = {"opType": "UPSERT", **value()}
        key = {"opType": "CREATE", "subject": "s", "associationType": "key"}
        delete = {"opType": "DELETE", "associationType": "value"}

        request = {**ORDERS, "associations": [upsert, key, delete]}
        answer = await registry.client.post(
            "/associations:batchMutate", json={"requests": [request]}
        )

        found = answer.json()["results"][0]["result"]["associations"]
        assert [one["associationType"] for one in found] == ["value", "key"]
        assert await types(registry, "subjects/s") == [("orders", "key", "WEAK")]

    @pytest.mark.parametrize("body", [{}, {"requests": []}, {"requests": [ORDERS] * 101}])
    async def test_a_batch_has_requests_and_not_too_many(
        self, registry: RunningRegistry, body: dict[str, Any]
    ) -> None:
        assert await registry.refused("POST", "/associations:batchGet", body) == (422, 42212)
