"""A formula in x and y as somebody typed it: read by a grammar of its own and never run as code.

    sum     = product { (+ | -) product }
    product = signed { (* | /) signed }
    signed  = (+ | -) signed | power
    power   = atom [ ^ signed ]
    atom    = number | x | y | pi | function ( sum ) | ( sum )

So -x^2 is -(x^2) and x^y^2 is x^(y^2); `**` is read as `^`. One more function is one row in `FUNCTIONS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from toygan.files.mistakes import UserError, did_you_mean, nearest

Formula = Callable[[Tensor, Tensor], Tensor]  # of x [n] and y [n]: [n], differentiable

LONGEST = 1000  # characters
DEEPEST = 40  # brackets, signs and powers in each other


class Token(NamedTuple):
    """A word of a formula: number, name, sign, or the end, and the place of its first character."""

    kind: str
    text: str
    at: int


def magnitude(x: Tensor) -> Tensor:
    """torch.abs, of which a second derivative imports torch's compiler, 1 s."""
    return torch.maximum(x, -x) + 0.0  # of -0 too


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sin": torch.sin,
    "cos": torch.cos,
    "exp": torch.exp,
    "log": torch.log,
    "tanh": torch.tanh,
    "sqrt": torch.sqrt,
    "abs": magnitude,
}
NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WORDS = re.compile(
    rf"(?u:\s*)(?:(?P<number>{NUMBER.pattern})|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[-+*/^()])|(?P<end>\Z)|(?P<strange>.))",
    re.ASCII,
)
OPERATORS = "what follows a value is one of + - * / ^, as in 2*x"
VALUES = f"a value is a number, x, y, pi, a bracket, or one of {', '.join(FUNCTIONS)} with a bracket"


def formula(text: str, where: str) -> Formula:
    """What a typed formula is, `where` it was typed. Raises UserError with a caret at the place."""
    if len(text) > LONGEST:
        raise UserError(f"{where}: {len(text)} characters, and {LONGEST} are the most")
    reader = Reader(text, where)
    found = reader.sum(0)
    if (token := reader.token).kind != "end":
        raise reader.wrong(f"{token.text!r} is too much here; {OPERATORS}")
    return found


class Reader:
    """Reads a formula from left to right; each method is one line of the grammar, with how deep it stands."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.token = text, where, Token("start", "", 0)
        self.take()

    def take(self) -> Token:
        """The token that was due, and on to the next."""
        taken = self.token
        found: Any = WORDS.match(self.text, taken.at + len(taken.text))  # one that means nothing is a word as well
        kind = found.lastgroup
        self.token = Token(kind, found[kind], found.start(kind))
        if kind == "strange":
            raise self.wrong(f"{found[kind]!r} means nothing here; {VALUES}")
        return taken

    def wrong(self, what: str, at: int | None = None) -> UserError:
        """A mistake at a place, by default at the token that is due: the text around it and a caret below."""
        at = self.token.at if at is None else at
        start, end = max(0, at - 50), at + 50
        line = re.sub(r"\s", " ", self.text[start:end])
        caret = " " * (at - start) + "^"
        return UserError(f"{self.where}: {what}\n  {line}\n  {caret}")

    def sum(self, depth: int) -> Formula:
        return self.chain(self.product, depth, {"+": torch.add, "-": torch.sub})

    def product(self, depth: int) -> Formula:
        return self.chain(self.signed, depth, {"*": torch.mul, "/": torch.div})

    def chain(self, part: Callable[[int], Formula], depth: int, signs: Mapping[str, Callable[..., Tensor]]) -> Formula:
        first, rest = part(depth), []
        while self.token.text in signs:
            rest.append((signs[self.take().text], part(depth)))

        def value(x: Tensor, y: Tensor) -> Tensor:
            total = first(x, y)
            for joined, other in rest:
                total = joined(total, other(x, y))
            return total

        return value

    def signed(self, depth: int) -> Formula:
        if depth > DEEPEST:
            raise self.wrong(f"brackets, signs and powers more than {DEEPEST} deep")
        if self.token.text not in ("+", "-"):
            return self.power(depth)
        is_minus = self.take().text == "-"
        value = self.signed(depth + 1)
        return (lambda x, y: -value(x, y)) if is_minus else value

    def power(self, depth: int) -> Formula:
        base = self.atom(depth)
        if self.token.text not in ("^", "**"):
            return base
        self.take()
        exponent = self.signed(depth + 1)
        return lambda x, y: base(x, y) ** exponent(x, y)

    def atom(self, depth: int) -> Formula:
        token = self.token
        if token.kind == "number":
            value = float(token.text)
            if not math.isfinite(value):
                raise self.wrong("too large a number")
            self.take()
            return constant(value)
        if token.kind == "name":
            return self.name(depth)
        if token.text == "(":
            return self.bracket(depth)
        what = f"{token.text!r} where a value should be" if token.text else "a value is missing at the end"
        raise self.wrong(f"{what}; {VALUES}")

    def name(self, depth: int) -> Formula:
        token = self.token
        if token.text in LETTERS:
            return LETTERS[self.take().text]
        if token.text not in FUNCTIONS:
            near = nearest(token.text, [*LETTERS, *FUNCTIONS])
            meant = f"{did_you_mean(near)} " if near else ""
            raise self.wrong(f"{token.text!r} is unknown; {meant}{VALUES}")
        self.take()
        if self.token.text != "(":
            raise self.wrong(f"{token.text} wants a bracket, as in {token.text}(x)")
        function, inner = FUNCTIONS[token.text], self.bracket(depth)
        return lambda x, y: function(inner(x, y))

    def bracket(self, depth: int) -> Formula:
        opened = self.take()
        found = self.sum(depth + 1)
        if (token := self.token).text != ")":
            what = f"{token.text!r} is too much here; {OPERATORS}" if token.text else "this bracket is never closed"
            raise self.wrong(what, token.at if token.text else opened.at)
        self.take()
        return found


def constant(value: float) -> Formula:
    return lambda x, y: torch.full_like(x, value)


LETTERS: dict[str, Formula] = {"x": lambda x, y: x, "y": lambda x, y: y, "pi": constant(math.pi)}
