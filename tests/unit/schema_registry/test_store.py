"""The store's words: values that can be compared."""

from schema_registry.store import ListQuery, Settings, Version


def test_versions_and_settings_are_compared_by_value() -> None:
    one = Version(version=1, schema_id=2, deleted=False, registered_at_ms=3)

    assert one == Version(version=1, schema_id=2, deleted=False, registered_at_ms=3)
    assert Settings() == Settings(config=None, mode=None)


def test_a_list_is_of_what_is_not_deleted_unless_it_says_so() -> None:
    query = ListQuery(context=None, limit=1)

    assert (query.live, query.deleted, query.latest_only) == (True, False, False)
