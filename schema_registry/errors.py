"""What the registry may refuse.

A refusal names the values; the number and status that clients see stand in one table at the door
(``api/errors.py``).
"""


class RegistryError(Exception):
    """The registry refuses, and it is fine itself: the caller can act on it."""


class FaultInText(RegistryError):
    """Something a caller wrote is wrong at a place."""

    def __init__(self, path: str, message: str) -> None:
        """Say what is wrong where.

        Args:
            path: Where in the text: a JSON pointer, or ``line:column``; empty is all of it.
            message: What is wrong there.
        """
        super().__init__(f"{message} (at {path})" if path else message)
        self.path = path
        self.message = message


class InvalidSchema(FaultInText):
    """A text is no schema of its type, or cannot be resolved."""


class InvalidPayload(FaultInText):
    """A value or its bytes do not fit their schema; the path leads into the value."""


class SchemaFormatUnsupported(RegistryError):
    """A schema has no form of that name; doors fall back to the canonical text."""

    def __init__(self, name: str) -> None:
        """Say which form was asked for."""
        super().__init__(f"a schema of this type has no format {name!r}")
        self.name = name


class BoundExceeded(InvalidSchema):
    """A schema, or the comparison of two, takes more than a bound with a name allows."""
