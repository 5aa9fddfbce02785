import pytest

from schema_registry.formats.json_schema.drafts import Draft, draft_of


@pytest.mark.parametrize(
    ("uri", "draft"),
    [
        ("http://json-schema.org/draft-04/schema#", Draft.DRAFT_4),
        ("http://json-schema.org/draft-06/schema", Draft.DRAFT_6),
        ("https://json-schema.org/draft-07/schema#", Draft.DRAFT_7),
        ("https://json-schema.org/draft/2019-09/schema", Draft.DRAFT_2019_09),
        ("http://json-schema.org/draft/2020-12/schema#", Draft.DRAFT_2020_12),
        ("http://json-schema.org/schema#", Draft.DRAFT_4),
        ("http://example.com/schema", Draft.DRAFT_7),
        ("json-schema.org/draft-04/schema#", Draft.DRAFT_7),
    ],
)
def test_a_schema_is_of_the_draft_it_names_or_of_draft_7(uri: str, draft: Draft) -> None:
    assert draft_of({"$schema": uri}) is draft


def test_a_schema_that_names_no_draft_is_of_draft_7_or_of_its_referrers() -> None:
    assert draft_of({}) is Draft.DRAFT_7
    assert draft_of(True) is Draft.DRAFT_7
    assert draft_of({"$schema": 7}) is Draft.DRAFT_7
    assert draft_of({}, otherwise=Draft.DRAFT_2020_12) is Draft.DRAFT_2020_12


def test_the_drafts_differ_in_their_words() -> None:
    assert [draft.id_keyword for draft in Draft] == ["id", "$id", "$id", "$id", "$id"]
    assert Draft.DRAFT_7.definitions_keyword == "definitions"
    assert Draft.DRAFT_2019_09.definitions_keyword == "$defs"
