"""The language of filters: what of CEL is served, and what a filter may cost.

The library evaluates an expression without a way to stop it, so an expression that could run for
long is refused before it is compiled, by its tokens alone:

    There is no loop in a loop, and a loop's body looks at the loop's variable and at small fields
    only: what a filter costs grows with the size of a record, not with its square.
    ``map`` and ``filter`` are not served; the library takes quadratic time for them.
    The pattern of ``matches`` is a literal of bounded size.
    Length, depth and number of tokens are bounded, and ``weight`` says how much each byte of a
    record may cost.

Pure: no clock, no I/O. Source: CEL's language definition, "Syntax" and "Macros".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

SOURCE_CHARS_MAX = 2_000
TOKENS_MAX = 500
DEPTH_MAX = 32
"""Brackets within brackets."""

PATTERN_CHARS_MAX = 250
PATTERN_REPEATS_MAX = 100
"""Product of the counted repetitions of a pattern: each multiplies the size of its automaton."""

FIELDS = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
"""What a filter sees of a record."""

_SMALL_FIELDS = frozenset({"topic", "partition", "offset", "timestamp"})
_LOOPS = frozenset({"all", "exists", "exists_one"})
_NOT_SERVED = frozenset({"map", "filter"})
_TYPES = frozenset({"int", "uint", "double", "string", "bytes"})
_FUNCTIONS = _TYPES | {
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
}
_CONSTANTS = frozenset({"true", "false", "null"})
_WORDS = frozenset({"in"})

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<text>[bB]?[rR](?:\"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n\r]*" | '[^'\n\r]*')
        | [bB]?(?:\"{3}(?:[^\\]|\\.)*?\"{3} | '{3}(?:[^\\]|\\.)*?'{3}
                 | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*'))
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_LOOP_WEIGHT = 3
_PLUS_WEIGHT = 4
"""A chain of additions copies what it has so far again and again, so it counts squared."""

_OPENING = {"(": ")", "[": "]", "{": "}"}
_REPEAT = re.compile(r"\{(\d{1,9})?(?:,(\d{1,9})?)?\}")


class BadFilter(Exception):
    """The text is not a filter."""

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(f"filter: line {line}, column {column}: {problem}")
        self.line = line
        self.column = column
        """Both from 1 on."""


class Token(NamedTuple):
    """A word, a sign or a literal of a filter."""

    kind: str
    text: str
    place: int
    """Where it begins in the text."""


Path = tuple[str, ...]
"""A field of a record and names below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a filter's tokens tell about it."""

    paths: tuple[Path, ...]
    """What it looks at in records; a path stands for all that is below it."""

    patterns: tuple[Token, ...]
    """The literals that ``matches`` is given."""

    weight: int
    """Upper bound of how many times each byte of a record is looked at, more or less."""


def read_filter(source: str) -> Reading:
    """Return what a filter looks at, if it is one that is served.

    Raises:
        BadFilter: It is not, and where it is not.
    """
    if len(source) > SOURCE_CHARS_MAX:
        raise BadFilter(f"a filter has at most {SOURCE_CHARS_MAX} characters", 1, 1)
    reader = _Reader(source)
    return reader.read()


def position_in(source: str, place: int) -> tuple[int, int]:
    """Return line and column, both from 1 on, of a place in a text."""
    before = source[:place]
    return before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1


def may_match(pattern: str) -> bool:
    """Return whether a pattern is within the bounds; what it says may still be wrong."""
    repeats = 1
    for low, high in _REPEAT.findall(pattern):
        repeats *= max(1, int(low or 1), int(high or 1))
    return len(pattern) <= PATTERN_CHARS_MAX and repeats <= PATTERN_REPEATS_MAX


class _Reader:
    """Goes through the tokens of one filter."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = list(self._tokenized())
        self._ends: dict[int, int] = {}
        """By the number of an opening bracket's token: that of its closing one."""

        self._paths: list[Path] = []
        self._patterns: list[Token] = []
        self._has_loop = False

    def read(self) -> Reading:
        self._match_brackets()
        self._check_dots()
        self._check_names(0, len(self._tokens), None)
        weight = max(1, len(self._tokens) // 4)
        if self._has_loop:
            weight *= _LOOP_WEIGHT
        pluses = sum(1 for token in self._tokens if token.text == "+")
        return Reading(
            paths=tuple(self._paths),
            patterns=tuple(self._patterns),
            weight=weight + _PLUS_WEIGHT * pluses * pluses,
        )

    def _tokenized(self) -> Sequence[Token]:
        source, place, tokens = self._source, 0, []
        while place < len(source):
            found = _TOKEN.match(source, place)
            if found is None or found.lastgroup is None:
                problem = "is not closed" if source[place] in "\"'" else "is not expected here"
                raise self._bad(place, f"{source[place]!r} {problem}")
            if found.lastgroup != "space":
                tokens.append(Token(found.lastgroup, found.group(), place))
            place = found.end()
        if len(tokens) > TOKENS_MAX:
            raise self._bad(tokens[TOKENS_MAX].place, f"a filter has at most {TOKENS_MAX} words")
        return tokens

    def _match_brackets(self) -> None:
        open_ones: list[int] = []
        for number, token in enumerate(self._tokens):
            if token.kind != "sign":
                continue
            if token.text in _OPENING:
                open_ones.append(number)
                if len(open_ones) > DEPTH_MAX:
                    raise self._bad(token.place, f"brackets nest deeper than {DEPTH_MAX}")
            elif token.text in _OPENING.values():
                if not open_ones or _OPENING[self._tokens[open_ones[-1]].text] != token.text:
                    raise self._bad(token.place, f"{token.text!r} closes nothing")
                self._ends[open_ones.pop()] = number
        if open_ones:
            token = self._tokens[open_ones[-1]]
            raise self._bad(token.place, f"{token.text!r} is not closed")

    def _check_dots(self) -> None:
        """Refuse a dot with nothing before it: a name behind it would not be seen as a field."""
        for number, token in enumerate(self._tokens):
            if token.text == "." and token.kind == "sign":
                before = self._tokens[number - 1] if number else None
                if (
                    before is None
                    or before.text in _WORDS
                    or (before.kind == "sign" and before.text not in _OPENING.values())
                ):
                    raise self._bad(token.place, "'.' is not expected here")

    def _check_names(self, start: int, end: int, variable: str | None) -> None:
        """Check the names from one token to another.

        Args:
            start: The first.
            end: The one behind the last.
            variable: Of the loop that they are the body of.
        """
        number = start
        while number < end:
            token = self._tokens[number]
            if token.kind == "name":
                is_call = self._is(number + 1, "(")
                if is_call and self._is(number - 1, ".") and token.text in _LOOPS:
                    number = self._check_loop(number, variable)
                    continue
                if is_call:
                    self._check_call(number)
                elif not self._is(number - 1, "."):
                    self._check_variable(number, variable)
            number += 1

    def _check_loop(self, number: int, outer: str | None) -> int:
        """Check a loop from its name on; return the token behind it."""
        token = self._tokens[number]
        if outer is not None:
            raise self._bad(token.place, "a loop within a loop is not served: it may take long")
        self._has_loop = True
        end = self._ends[number + 1]
        variable = self._tokens[number + 2]
        if variable.kind != "name" or not self._is(number + 3, ","):
            raise self._bad(variable.place, f"{token.text} takes a name, a comma and a condition")
        if variable.text in (*FIELDS, *_CONSTANTS, *_WORDS):
            raise self._bad(variable.place, f"{variable.text!r} cannot name what a loop is at")
        self._check_names(number + 4, end, variable.text)
        return end

    def _check_call(self, number: int) -> None:
        token = self._tokens[number]
        is_method = self._is(number - 1, ".")
        if is_method and token.text in _NOT_SERVED:
            raise self._bad(
                token.place, f"{token.text} is not served: say it with exists, exists_one or all"
            )
        if token.text not in _FUNCTIONS and (is_method or token.text != "has"):
            raise self._bad(token.place, f"there is no function {token.text!r}")
        if token.text == "matches":
            self._check_pattern(number)

    def _check_pattern(self, number: int) -> None:
        pattern = self._tokens[number + 2]
        is_method = self._is(number - 1, ".")
        if not is_method or pattern.kind != "text" or self._ends[number + 1] != number + 3:
            raise self._bad(
                self._tokens[number].place,
                "matches is written text.matches('pattern'), with a literal for the pattern",
            )
        self._patterns.append(pattern)

    def _check_variable(self, number: int, variable: str | None) -> None:
        token = self._tokens[number]
        name = token.text
        if self._is(number + 1, "{"):
            raise self._bad(self._tokens[number + 1].place, "'{' is not expected here")
        if name in _CONSTANTS or name in _WORDS or name == variable:
            return
        if name not in FIELDS:
            fields = ", ".join(FIELDS)
            raise self._bad(token.place, f"there is no {name!r}; a record has {fields}")
        if variable is not None and name not in _SMALL_FIELDS:
            raise self._bad(
                token.place, f"the body of a loop cannot look at {name!r}: it may take long"
            )
        self._paths.append((name, *self._selectors(number + 1)))

    def _selectors(self, number: int) -> list[str]:
        """Return the names of ``.a.b["c"]`` that follow from a token on."""
        names: list[str] = []
        while True:
            if self._is(number, ".") and self._kind(number + 1) == "name":
                if self._is(number + 2, "("):
                    return names
                names.append(self._tokens[number + 1].text)
                number += 2
            elif self._is(number, "[") and self._ends[number] == number + 2:
                plain = re.fullmatch(r"""(["'])([^"'\\]*)\1""", self._tokens[number + 1].text)
                if plain is None:
                    return names
                names.append(plain.group(2))
                number += 3
            else:
                return names

    def _is(self, number: int, text: str) -> bool:
        if not 0 <= number < len(self._tokens):
            return False
        token = self._tokens[number]
        return token.kind == "sign" and token.text == text

    def _kind(self, number: int) -> str | None:
        return self._tokens[number].kind if number < len(self._tokens) else None

    def _bad(self, place: int, problem: str) -> BadFilter:
        return BadFilter(problem, *position_in(self._source, place))
