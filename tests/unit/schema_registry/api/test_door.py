"""The registry's door: in which media type it refuses who did not log in."""

import pytest

from schema_registry.api.door import RegistryDoor


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (b"", "application/vnd.schemaregistry.v1+json"),
        (b"application/json", "application/json"),
        (b"text/html", "application/vnd.schemaregistry.v1+json"),
    ],
)
def test_type_of_an_error_is_what_the_client_takes_or_the_first_of_ours(
    accept: bytes, kind: str
) -> None:
    assert RegistryDoor.type_of_errors({"headers": [(b"accept", accept)]}) == kind
