"""Subject name strategies: which subject the schema of a topic's keys or values is under.

Pure. Called by: choices, checks.
Source: Confluent's documentation, "Subject Name Strategy"; its REST API for the names.
"""

from enum import Enum

from schema_registry.errors import RegistryError

_JAVA_PACKAGE = "io.confluent.kafka.serializers.subject."


class NoRecordName(RegistryError):
    """A strategy needs the name of what a schema describes, and it has none."""


class SubjectNameStrategy(Enum):
    """How a subject is called."""

    TOPIC_NAME = "TOPIC_NAME"
    """``topic-key`` or ``topic-value``."""

    RECORD_NAME = "RECORD_NAME"
    """The full name of the record or message, or the title."""

    TOPIC_RECORD_NAME = "TOPIC_RECORD_NAME"
    """The topic, a dash and that name."""

    @property
    def class_name(self) -> str:
        """What it is called in configs of topics and of Java's serializers."""
        words = self.value.split("_")
        return f"{_JAVA_PACKAGE}{''.join(word.capitalize() for word in words)}Strategy"

    @property
    def needs_name(self) -> bool:
        """Whether a subject can be told only from a schema."""
        return self is not SubjectNameStrategy.TOPIC_NAME

    def subject(self, topic: str, *, is_key: bool, record_name: str | None = None) -> str:
        """Return the subject.

        Raises:
            NoRecordName: The strategy needs a name, and there is none.
        """
        if self is SubjectNameStrategy.TOPIC_NAME:
            return f"{topic}-key" if is_key else f"{topic}-value"
        if record_name is None:
            raise NoRecordName(f"{self.value} needs a schema with the name of a record")
        if self is SubjectNameStrategy.RECORD_NAME:
            return record_name
        return f"{topic}-{record_name}"


def strategy_of_class(name: str) -> SubjectNameStrategy:
    """Return the strategy that a config of a topic names: a class of Java's, or its last word.

    Raises:
        ValueError: It is none that is obeyed here.
    """
    wanted = name.removeprefix(_JAVA_PACKAGE)
    for one in SubjectNameStrategy:
        if one.class_name == _JAVA_PACKAGE + wanted:
            return one
    allowed = ", ".join(one.class_name for one in SubjectNameStrategy)
    raise ValueError(f"it must be one of {allowed}")
