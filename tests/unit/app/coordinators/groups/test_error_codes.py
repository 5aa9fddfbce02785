from kafka import errors as kafka_errors

from app.coordinators.groups.error_codes import ErrorCode


def test_every_outcome_has_the_number_that_a_foreign_client_knows_it_by() -> None:
    foreign = {
        one.message: one.errno
        for one in vars(kafka_errors).values()
        if isinstance(one, type) and hasattr(one, "errno") and hasattr(one, "message")
    }
    known = {one.name: foreign[one.name] for one in ErrorCode if one.name in foreign}

    assert known == {name: ErrorCode[name].value for name in known}
    assert len(known) >= 20
