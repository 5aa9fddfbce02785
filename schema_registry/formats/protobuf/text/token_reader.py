"""Token reader: one token after the other, with what was expected where another stood.

Also reads what many declarations share: names, numbers, strings, options and their values.
Called by: parser. Calls: tokenizer, syntax_tree.
Source: protobuf.dev, language specifications; text format specification for values in braces.
"""

from collections.abc import Callable
from typing import NoReturn

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.limits import VALUE_DEPTH_MAX, Steps, bound
from schema_registry.formats.protobuf.text.syntax_tree import (
    Aggregate,
    Entry,
    ListValue,
    NamePart,
    Option,
    Scalar,
    Value,
    ValueKind,
)
from schema_registry.formats.protobuf.text.tokenizer import (
    Token,
    TokenKind,
    integer,
    place,
    tokenize,
    unquote,
)

_WORD, _INTEGER, _FLOAT, _STRING = (
    TokenKind.WORD,
    TokenKind.INTEGER,
    TokenKind.FLOAT,
    TokenKind.STRING,
)
_KINDS = {_INTEGER: ValueKind.INTEGER, _FLOAT: ValueKind.FLOAT, _WORD: ValueKind.WORD}
_BRACKETS = {"{": "}", "<": ">"}


class TokenReader:
    """Reads the tokens of one text in turn."""

    def __init__(self, text: str, steps: Steps) -> None:
        """Cut a text into tokens.

        Raises:
            InvalidSchema: There is something in it that is no token.
        """
        self._source = text
        self._tokens = tokenize(text)
        self._at = 0
        self._steps = steps

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    @property
    def after_next(self) -> Token:
        """The token behind the next one; the end behind the end."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Take the next token."""
        token = self._tokens[self._at]
        if token.kind is not TokenKind.END:
            self._at += 1
        self._steps.take()
        return token

    def sees(self, text: str) -> bool:
        """Return whether a word or symbol comes next."""
        token = self._tokens[self._at]
        return token.text == text and token.kind is not _STRING

    def skip(self, text: str) -> bool:
        """Take a word or symbol if it comes next; return whether it did."""
        if not self.sees(text):
            return False
        self.take()
        return True

    def expect(self, text: str) -> Token:
        """Take a word or symbol that has to come next."""
        if not self.sees(text):
            self.refuse(f"expected {text!r}")
        return self.take()

    def refuse(self, message: str, position: int | None = None) -> NoReturn:
        """Refuse the text, at the next token unless another place is named."""
        token = self.next
        if position is None:
            found = "the end" if token.kind is TokenKind.END else repr(token.text[:40])
            message = f"{message}, found {found}"
        at = token.position if position is None else position
        raise InvalidSchema(place(self._source, at), message)

    def word(self, what: str) -> str:
        """Take a word that has to come next."""
        if self.next.kind is not _WORD:
            self.refuse(f"expected {what}")
        return self.take().text

    def dotted_name(self, what: str, *, leading_dot: bool = False) -> str:
        """Take a name of words with dots between them."""
        start = "." if leading_dot and self.skip(".") else ""
        parts = [self.word(what)]
        while self.skip("."):
            parts.append(self.word(what))
        return start + ".".join(parts)

    def number(self, what: str, most: int, *, signed: bool = False) -> int:
        """Take an integer within a bound that has to come next."""
        negative = signed and self.skip("-")
        if self.next.kind is not _INTEGER:
            self.refuse(f"expected {what}")
        token = self.take()
        value = integer(token.text)
        if value > most + negative:
            self.refuse(f"{what} {token.text[:40]} is out of range", token.position)
        return -value if negative else value

    def string(self, what: str) -> bytes:
        """Take a string, or several in a row that make one."""
        if self.next.kind is not _STRING:
            self.refuse(f"expected {what}")
        content = b""
        while self.next.kind is _STRING:
            token = self.take()
            try:
                content += unquote(token.text)
            except ValueError as error:
                self.refuse(str(error), token.position)
        return content

    def text_string(self, what: str) -> str:
        """Take a string that is text."""
        position = self.next.position
        try:
            return self.string(what).decode()
        except UnicodeDecodeError:
            self.refuse(f"{what} is not UTF-8", position)

    def comma_separated(self, close: str, read: Callable[[], object]) -> None:
        """Read one thing or more up to a closing symbol, commas between them."""
        while True:
            read()
            if self.skip(close):
                return
            self.expect(",")

    def option(self) -> Option:
        """Take ``name = value``."""
        position = self.next.position
        parts = [self._name_part()]
        while self.skip("."):
            parts.append(self._name_part())
        self.expect("=")
        return Option(tuple(parts), self._option_value(), position)

    def bracketed_options(self) -> tuple[Option, ...]:
        """Take options in square brackets, if there are any."""
        options: list[Option] = []
        if self.skip("["):
            self.comma_separated("]", lambda: options.append(self.option()))
        return tuple(options)

    def _name_part(self) -> NamePart:
        if not self.skip("("):
            return NamePart(self.word("the name of an option"), is_extension=False)
        name = self.dotted_name("the name of an extension", leading_dot=True)
        self.expect(")")
        return NamePart(name, is_extension=True)

    def _option_value(self) -> Value:
        if self.sees("{"):
            return self._aggregate(1)
        return self._scalar()

    def _scalar(self) -> Scalar:
        position = self.next.position
        if self.next.kind is _STRING:
            return Scalar(ValueKind.STRING, "", self.string("a value"))
        sign = "-" if self.skip("-") else ""
        token = self.next
        kind = _KINDS.get(token.kind)
        if kind is None:
            self.refuse("expected a value")
        if sign and kind is ValueKind.WORD and token.text not in {"inf", "infinity", "nan"}:
            self.refuse("only a number can be negative", position)
        self.take()
        return Scalar(kind, sign + token.text)

    def _aggregate(self, depth: int) -> Aggregate:
        bound("braces within braces", depth, VALUE_DEPTH_MAX)
        close = _BRACKETS[self.take().text]
        entries: list[Entry] = []
        while not self.skip(close):
            name = self._entry_name()
            has_colon = self.skip(":")
            entries.append(Entry(name, self._entry_value(depth, has_colon=has_colon)))
            if not self.skip(","):
                self.skip(";")
        return Aggregate(tuple(entries))

    def _entry_name(self) -> str:
        if not self.skip("["):
            return self.word("the name of a field")
        name = self.dotted_name("the name of an extension")
        while self.skip("/"):
            name += "/" + self.dotted_name("the name of a type")
        self.expect("]")
        return f"[{name}]"

    def _entry_value(self, depth: int, *, has_colon: bool) -> Value:
        if self.next.text in _BRACKETS and self.next.kind is TokenKind.SYMBOL:
            return self._aggregate(depth + 1)
        if self.sees("["):
            return self._list(depth)
        if not has_colon:
            self.refuse("expected ':'")
        return self._scalar()

    def _list(self, depth: int) -> ListValue:
        self.expect("[")
        values: list[Value] = []
        if not self.skip("]"):
            self.comma_separated("]", lambda: values.append(self._list_item(depth)))
        return ListValue(tuple(values))

    def _list_item(self, depth: int) -> Value:
        if self.sees("["):
            self.refuse("a list in a list has no meaning")
        return self._entry_value(depth, has_colon=True)
