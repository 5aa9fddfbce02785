"""The table of contradictions, row by row; the walk-through holds a node to what it says."""

import pytest

from app.api.v2.dialects import DEFAULT, DIALECTS, FailedRecord
from app.settings import Settings, load_settings
from app.settings_values import SettingsError

CONFLUENT, KARAPACE, STRIMZI, REDPANDA, CAUCE = (
    DIALECTS[name] for name in ("confluent", "karapace", "strimzi", "redpanda", "cauce")
)
ROWS = {
    "what a commit stores": ("commits_next", (True, True, False, False), True),
    "status of a commit": ("commit_status", (200, 204, 204, 204), 204),
    "what was never committed": ("uncommitted_offset", (None, -1, None, -1), None),
    "status of a produce with a failure": ("failed_record_status", (200, 422, 200, 200), 200),
    "a record that failed": (
        "failed_record",
        (
            FailedRecord.CONFLUENT,
            FailedRecord.KARAPACE,
            FailedRecord.STRIMZI,
            FailedRecord.KAFKA,
        ),
        FailedRecord.CONFLUENT,
    ),
    "an unknown topic": ("unknown_topic_fails_records", (False, False, True, True), False),
    "a poll that does not say": ("poll_wait_ms", (1_000, 11_000, 100, 1_000), 1_000),
    "plain JSON": ("plain_json_is_binary", (False, True, False, False), True),
    "a seek elsewhere": (
        "seek_unassigned",
        ((409, 40903), (409, 40903), (404, 404), (409, 40903)),
        (409, 40903),
    ),
    "a record that cannot be shown": (
        "undecodable",
        ((408, 40801), (422, 422), (406, 406), (422, 42207)),
        (422, 42207),
    ),
    "where to begin": (
        "auto_offset_reset",
        ("latest", "earliest", "latest", "earliest"),
        "latest",
    ),
    "auto commit that is not asked for": ("auto_commit", (True, True, True, False), True),
}


@pytest.mark.parametrize("row", ROWS)
def test_row_of_the_table(row: str) -> None:
    field, of_each, by_default = ROWS[row]

    found = [getattr(one, field) for one in (CONFLUENT, KARAPACE, STRIMZI, REDPANDA)]

    assert tuple(found) == of_each
    assert getattr(DIALECTS[DEFAULT], field) == by_default


def test_codes_differ_where_they_do() -> None:
    assert CONFLUENT.codes == CAUCE.codes == {}
    assert KARAPACE.codes[40901] == (409, 40903)
    assert {code for _, code in STRIMZI.codes.values()} == {
        *(400, 401, 403, 404, 406, 408, 409, 422, 429, 500, 503)
    }


def test_setting_takes_the_names_of_the_table_and_no_others() -> None:
    for name in DIALECTS:
        assert load_settings({"rest_compat": name}, {}).rest_compat == name
    with pytest.raises(SettingsError, match="rest_compat must be one of"):
        load_settings({"rest_compat": "pulsar"}, {})
    assert Settings().rest_compat == DEFAULT
