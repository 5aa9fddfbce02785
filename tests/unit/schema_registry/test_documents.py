"""Documents: values to JSON and back, and JSON that is something else."""

from typing import Any

import pytest

from schema_registry import documents
from schema_registry.errors import InvalidCompatibilityLevel, InvalidRequest, InvalidSubject
from schema_registry.model import CompatibilityLevel, Metadata, Rule, RuleSet, SubjectConfig

METADATA = Metadata(tags={"R.a": ("PII", "X")}, properties={"owner": "me"}, sensitive=("password",))
RULES = RuleSet(
    domain_rules=(
        Rule(
            name="r",
            doc="d",
            kind="CONDITION",
            mode="WRITE",
            type="CEL",
            tags=("PII",),
            params={"p": "1"},
            expr="true",
            on_success="NONE",
            on_failure="DLQ",
            disabled=True,
        ),
    ),
    migration_rules=(Rule(name="m", type="JSONATA", mode="UPGRADE"),),
    enable_at="CLIENT",
)
CONFIG = SubjectConfig(
    compatibility_level=CompatibilityLevel.FULL,
    compatibility_group="major",
    normalize=False,
    alias="other",
    default_metadata=METADATA,
    override_rule_set=RULES,
)


def test_values_come_back_from_json() -> None:
    assert documents.parse_metadata(documents.metadata_document(METADATA)) == METADATA
    assert documents.parse_rule_set(documents.rule_set_document(RULES)) == RULES
    assert documents.stored_config(documents.config_document(CONFIG)) == CONFIG
    assert documents.metadata_document(None) is None
    assert documents.rule_set_document(None) is None


def test_order_does_not_count_in_metadata() -> None:
    one = documents.parse_metadata({"tags": {"b": ["y", "x"], "a": ["z", "z"]}})

    assert one == Metadata(tags={"a": ("z",), "b": ("x", "y")})


def test_null_takes_a_setting_away_and_what_is_absent_stays() -> None:
    changes = documents.parse_config({"compatibility": None, "normalize": "TRUE", "new": 1})

    assert changes == {"compatibility_level": None, "normalize": True}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"metadata": []},
        {"defaultMetadata": 3},
        {"defaultMetadata": {"tags": [1]}},
        {"defaultMetadata": {"tags": {"a": "b"}}},
        {"defaultMetadata": {"properties": {"a": None}}},
        {"defaultMetadata": {"sensitive": [1]}},
        {"defaultRuleSet": []},
        {"defaultRuleSet": {"domainRules": {}}},
        {"defaultRuleSet": {"domainRules": [1]}},
        {"defaultRuleSet": {"domainRules": [{"name": 1}]}},
        {"defaultRuleSet": {"domainRules": [{"name": "a", "disabled": 1}]}},
        {"defaultRuleSet": {"enableAt": 1}},
        {"normalize": 1},
        {"alias": "a\0"},
    ],
)
def test_json_of_another_kind_is_refused(value: Any) -> None:
    if value == {"metadata": []}:
        assert documents.parse_config(value) == {}, "unknown keys are ignored"
        return
    with pytest.raises(InvalidRequest):
        documents.parse_config(value)


def test_levels_are_known_in_any_case() -> None:
    assert documents.parse_config({"compatibility": "full"}) == {
        "compatibility_level": CompatibilityLevel.FULL
    }
    with pytest.raises(InvalidCompatibilityLevel, match="FULL_TRANSITIVE"):
        documents.parse_config({"compatibilityLevel": "sometimes"})


@pytest.mark.parametrize("version", [0, -2, 2**31, "1", True, None])
def test_references_have_a_version(version: Any) -> None:
    with pytest.raises(InvalidRequest):
        documents.parse_references([{"name": "a", "subject": "s", "version": version}])


def test_alias_that_is_no_subject_is_refused() -> None:
    with pytest.raises(InvalidSubject):
        documents.parse_config({"alias": "a\x1fb"})
