"""Every status that a refusal can have is declared, each with a text."""

from app.api.errors import status_and_code
from app.api.v3.responses import errors
from app.broker import errors as broker
from app.broker.errors import BrokerError

NEVER_AS_A_STATUS = {broker.RequestTimedOut}
"""Outcome of single records: receipts carry it, in an answer of 200 or 207."""


def test_what_can_happen_anywhere_is_declared_everywhere() -> None:
    assert {400, 401, 403, 404, 405, 408, 413, 429, 431, 500, 503} == set(errors())
    assert set(errors(422)) == {*errors(), 422}


def test_every_declaration_has_a_text_and_no_serializer_of_its_own() -> None:
    for declared in errors(406, 415, 416, 422, 504, 507).values():
        assert declared.keys() == {"description"}, "the document has the body"
        assert declared["description"].endswith(".")


def test_every_refusal_of_a_verb_has_a_status_that_can_be_declared() -> None:
    refusals = [
        one
        for one in vars(broker).values()
        if isinstance(one, type) and issubclass(one, BrokerError) and one is not BrokerError
    ]
    declared = set(errors(406, 409, 415, 416, 422, 507))

    for refusal in refusals:
        if refusal not in NEVER_AS_A_STATUS:
            assert status_and_code(refusal("why"))[0] in declared, refusal
