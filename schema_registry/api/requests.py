"""Requests: path, query and body as handlers want them, and what of HTTP is refused.

Paths are split before they are decoded: ``%2F`` in a subject is a part of its name. A slash at the
end is one too many, not another path. Flags are ``true`` in any case; anything else is false.
A path below ``/contexts/NAME/`` means the one behind it, in that context.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

import msgspec

from schema_registry.api.errors import HttpRefusal
from schema_registry.api.guard import Access, May
from schema_registry.errors import InvalidSubject
from schema_registry.subjects import DEFAULT_CONTEXT, Subject, check_context, parse_subject

V1_TYPE = "application/vnd.schemaregistry.v1+json"
DEFAULT_TYPE = "application/vnd.schemaregistry+json"
JSON_TYPE = "application/json"
ANSWER_TYPES = (V1_TYPE, DEFAULT_TYPE, JSON_TYPE)
BODY_TYPES = frozenset({*ANSWER_TYPES, "application/octet-stream"})
QUERY_PARAMETERS_MAX = 200
NUMBER_MAX = 2**31 - 1

_INVALID = HttpRefusal(400, "HTTP 400 Bad Request: the query is not UTF-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that was routed."""

    parameters: Mapping[str, str]
    """Of the path."""

    query: Mapping[str, Sequence[str]] = field(repr=False)
    body: bytes = b""
    context: str = DEFAULT_CONTEXT
    """Of subjects that name none."""

    may: May | None = None
    """Answers who may; None where nobody is asked."""

    def sees(self, subject: Subject | str, access: Access = Access.READ) -> bool:
        """Return whether whoever asks may see a subject that it did not name."""
        return self.may is None or self.may(access, str(subject))

    def subject(self, name: str = "subject") -> Subject:
        """Return the subject in the path."""
        return parse_subject(self.parameters[name], context=self.context)

    def scope(self) -> Subject:
        """Return the subject in the path, or else the context."""
        text = self.parameters.get("subject")
        return Subject(self.context, "") if text is None else self.subject()

    def asked_subject(self) -> Subject | None:
        """Return the subject in the query, or the context if there is one in the path."""
        text = self.text("subject")
        if text:
            return parse_subject(text, context=self.context)
        return None if self.context == DEFAULT_CONTEXT else Subject(self.context, "")

    def prefix(self, default: str) -> str:
        """Return the beginning of the subjects that are wanted."""
        text = self.text("subjectPrefix")
        if self.context == DEFAULT_CONTEXT:
            return default if text is None else text
        return str(parse_subject(text or "", context=self.context)) or f":{self.context}:"

    def text(self, name: str) -> str | None:
        """Return a value of the query."""
        found = self.query.get(name)
        return found[0] if found else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a flag of the query."""
        found = self.text(name)
        return default if found is None else found.strip().lower() == "true"

    def number(self, name: str, default: int) -> int:
        """Return a number of the query.

        Raises:
            HttpRefusal: It is none.
        """
        found = self.text(name)
        return default if found is None or found == "" else to_number(found, name)

    def json(self) -> Any:
        """Return the body's value.

        Raises:
            HttpRefusal: It is no JSON.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise HttpRefusal(400, f"HTTP 400 Bad Request: the body is not JSON: {error}") from None

    def document(self) -> Mapping[str, Any]:
        """Return the body's object.

        Raises:
            HttpRefusal: It is none.
        """
        found = self.json()
        if not isinstance(found, dict):
            raise HttpRefusal(400, "HTTP 400 Bad Request: the body is no JSON object")
        return found


def to_number(text: str, name: str) -> int:
    """Return a number.

    Raises:
        HttpRefusal: It is none.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
        raise HttpRefusal(400, f"HTTP 400 Bad Request: {name} must be a number")
    number = int(text)
    if abs(number) > NUMBER_MAX:
        raise HttpRefusal(400, f"HTTP 400 Bad Request: {name} must be at most {NUMBER_MAX}")
    return number


def split_path(raw: bytes) -> list[str]:
    """Return the segments of a path, decoded one by one.

    One that is not UTF-8 is Latin-1, as for Jetty, which Confluent's registry stands on: their
    client for Java (7.5) sends an umlaut so.
    """
    parts = raw.split(b"?", 1)[0].split(b"/")[1:]
    if parts and not parts[-1]:
        parts.pop()
    return [_text(unquote_to_bytes(part)) for part in parts]


def _text(segment: bytes) -> str:
    try:
        return segment.decode()
    except UnicodeDecodeError:
        return segment.decode("latin-1")


def split_context(segments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the context that a path is in, and the path behind it.

    Raises:
        InvalidSubject: The context's name is none.
    """
    if len(segments) < 3 or segments[0] != "contexts":
        return DEFAULT_CONTEXT, segments
    context = check_context(segments[1].strip(":") or DEFAULT_CONTEXT)
    if context == "*":
        raise InvalidSubject("'*' is no context here")
    return context, segments[2:]


def parse_query(raw: bytes) -> Mapping[str, Sequence[str]]:
    """Return the query's values by name.

    Raises:
        HttpRefusal: It is not UTF-8, or has too many.
    """
    if not raw:
        return {}
    try:
        return parse_qs(
            raw.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_PARAMETERS_MAX,
        )
    except UnicodeDecodeError:
        raise _INVALID from None
    except ValueError:
        raise HttpRefusal(400, "HTTP 400 Bad Request: too many query parameters") from None


def answer_type(accept: bytes) -> str:
    """Return the media type of an answer.

    Raises:
        HttpRefusal: The client takes none of ours.
    """
    if not accept or accept == b"*/*":
        return V1_TYPE
    best: tuple[float, int, str] | None = None
    for part in accept.decode("latin-1").lower().split(","):
        name, *options = (one.strip() for one in part.split(";"))
        quality = _quality(options)
        for place, ours in enumerate(ANSWER_TYPES):
            if quality > 0 and name in (ours, "*/*", "application/*"):
                found = (quality, -place, ours)
                best = found if best is None or found > best else best
    if best is None:
        raise HttpRefusal(406, "HTTP 406 Not Acceptable")
    return best[2]


def _quality(options: Sequence[str]) -> float:
    for option in options:
        if option.startswith("q="):
            try:
                return float(option[2:])
            except ValueError:
                return 0.0
    return 1.0


def check_body_type(content_type: bytes) -> None:
    """Refuse a body of a type that is none of ours.

    Raises:
        HttpRefusal: It is.
    """
    name = content_type.decode("latin-1").split(";", 1)[0].strip().lower()
    if name and name not in BODY_TYPES:
        raise HttpRefusal(415, "HTTP 415 Unsupported Media Type")
