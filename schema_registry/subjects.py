"""Subjects with their contexts: ``name``, ``:.context:name``, and what stands above all of them.

A context is a registry of its own inside the registry: ids are counted in each, and a name in two
contexts is two subjects. The default context is ``.`` and is not written.
Source: Confluent's registry, "Schema contexts"; section 1.1 of the facts on it.
"""

from dataclasses import dataclass

from schema_registry.errors import InvalidSubject

DEFAULT_CONTEXT = "."
GLOBAL_CONTEXT = ".__GLOBAL"
"""Holds settings for all contexts, and no subjects."""

ANY_CONTEXT = "*"
"""In a prefix that subjects are listed by: every context."""

SUBJECT_CHARS_MAX = 512
CONTEXT_CHARS_MAX = 255

_FORBIDDEN = ("__GLOBAL", "__EMPTY")


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """A subject, or with an empty name the context itself where settings are meant."""

    context: str
    name: str

    def __str__(self) -> str:
        if self.context == DEFAULT_CONTEXT:
            return self.name
        return f":{self.context}:{self.name}"

    @property
    def is_context(self) -> bool:
        """Whether settings of it are the context's."""
        return not self.name

    def scopes(self) -> "tuple[Subject, ...]":
        """Return where a setting is looked for, in order."""
        return tuple(dict.fromkeys((self, Subject(self.context, ""), GLOBAL)))


GLOBAL = Subject(GLOBAL_CONTEXT, "")


def parse_subject(text: str, *, context: str = DEFAULT_CONTEXT) -> Subject:
    """Return the subject that a text names; it need not exist.

    Args:
        text: As clients write it.
        context: Of a name without one.

    Raises:
        InvalidSubject: The context's name is none, or the text is too long.
    """
    if len(text) > SUBJECT_CHARS_MAX:
        raise InvalidSubject(f"a subject has at most {SUBJECT_CHARS_MAX} characters")
    if text.startswith((":.", f":{ANY_CONTEXT}:")):
        found, _, name = text[1:].partition(":")
        return Subject(check_context(found), _checked(name))
    return Subject(context, _checked(text))


def check_context(text: str) -> str:
    """Return a context's name as it is kept.

    Raises:
        InvalidSubject: It is none.
    """
    if text == ANY_CONTEXT:
        return text
    name = text if text.startswith(".") else f".{text}"
    if len(name) > CONTEXT_CHARS_MAX or ":" in name or _has_control_characters(name):
        raise InvalidSubject(f"{text[:CONTEXT_CHARS_MAX]!r} is no context")
    return name


def check_registrable(subject: Subject) -> None:
    """Refuse a subject that no schema may be registered under.

    Raises:
        InvalidSubject: It is one of those.
    """
    if subject.context == GLOBAL_CONTEXT:
        raise InvalidSubject(f"no schema may be in {GLOBAL_CONTEXT}, which holds settings")
    if subject.context == ANY_CONTEXT or subject.name in _FORBIDDEN:
        raise InvalidSubject(f"{str(subject)!r} is no subject")


def _checked(name: str) -> str:
    if _has_control_characters(name):
        raise InvalidSubject("a subject has no control characters")
    return name


def _has_control_characters(text: str) -> bool:
    return any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text)
