"""The security tables: wide enough for what Kafka allows, and nobody's credentials stay alone."""

import pytest
import sqlalchemy
from sqlalchemy import BigInteger, Engine, event, insert, select
from sqlalchemy.exc import IntegrityError

from app.broker.topics import NAME_CHARS_MAX
from app.cluster import security_rows, tables
from app.cluster import security_tables as security
from tests.support.security.records import api_key, refresh_token, scram


@pytest.fixture
def engine() -> Engine:
    engine = sqlalchemy.create_engine("sqlite://")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    tables.metadata.create_all(engine)
    return engine


def test_tables_are_of_the_one_metadata_and_their_times_are_of_64_bits() -> None:
    for table in (security.users, security.api_keys, security.acls, security.quotas):
        assert tables.metadata.tables[table.name] is table
    for column in (security.api_keys.c.last_used_at_ms, security.users.c.generation):
        assert isinstance(column.type, BigInteger)


def test_topic_names_fit_into_access_control_lists() -> None:
    assert security.acls.c.resource_name.type.length >= NAME_CHARS_MAX


def test_what_a_user_logs_in_with_needs_the_user_and_goes_with_it(engine: Engine) -> None:
    rows = [
        (security.scram_credentials, security_rows.of_scram(scram())),
        (security.api_keys, security_rows.of_api_key(api_key())),
        (security.refresh_tokens, security_rows.of_refresh_token(refresh_token())),
    ]
    for table, row in rows:
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(insert(table).values(row))
    with engine.begin() as connection:
        connection.execute(
            insert(security.users).values(name="alice", generation=1, created_at_ms=1)
        )
        for table, row in rows:
            connection.execute(insert(table).values(row))
        connection.execute(sqlalchemy.delete(security.users))
        for table, _ in rows:
            assert connection.execute(select(table)).all() == []
