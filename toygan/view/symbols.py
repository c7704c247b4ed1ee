"""What the letters of a method's formula stand for: a reader of one sheet has no list of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toygan.game.methods import METHODS
from toygan.game.zoo import ZOO
from toygan.view.apart import flat
from toygan.view.settings import plain

ROWS: dict[str, dict[str, Any]] = {**METHODS, **ZOO}
FORMULAS: dict[str, str] = {name: str(row["formula"]) for name, row in ROWS.items()}
NAMES = re.compile(rf"(?<![\w-])({'|'.join(sorted(map(re.escape, FORMULAS), key=len, reverse=True))})(?![\w-])")


def symbols_in_words(formula: str) -> str:
    """What a formula leaves to be known: those of the methods that it names, and what its letters stand for; nothing of one
    that is not written in these letters.
    """
    named = names_in(formula)
    known = "  ".join([formula, *(FORMULAS[name] for name in named)])
    if not re.search(r"\b[CG]\d?\b", known):
        return ""
    letters = "; ".join(words for pattern, words in SYMBOLS if re.search(pattern, known))
    return " ".join([*(f"{name}: {FORMULAS[name]}." for name in named), f"Letters: {letters}."])


def is_changed(name: str, method: Mapping[str, Any]) -> bool:
    """Whether a run's method is a shipped one but for a setting that its formula may have a number of."""
    row = ROWS.get(name)
    if row is None or method.get("formula") != row["formula"]:
        return False
    played = flat(dict(method))
    shipped = {key: value for key, value in flat(row).items() if key not in BESIDE}
    return any(key in played and plain(played[key]) != plain(value) for key, value in shipped.items())


BESIDE = {  # of a row, but in no formula
    "critic_steps",
    "generator_rate",
    "critic_rate",
    "optimiser",
    "betas",
    "epsilon",
    "schedule",
    "ema",
    "head_start",
}


def names_in(formula: str) -> list[str]:
    """The methods that a formula names, and those that their formulas name, each once."""
    found: list[str] = []
    waiting = NAMES.findall(formula)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += NAMES.findall(FORMULAS[name])
    return found


SYMBOLS = [
    (r"\b[CG]\d?:", "C critic's loss, G generator's loss"),
    (r"\bE [-|(\w]", "E mean"),
    (r"\b[rg]\b", "r, g scores of real, generated points"),
    (r"\bsp\(", "sp(x) = log(1\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}e^x)"),
    (r"\bf'", "f' slope of the score"),
    (r"\|x\b", "x a point"),
    (r"^D = \|x", "the score is -D"),
    (r"\bfake\b", "fake = generated"),
    (r"\bsum \|?w\b", "w weights of the critic"),
    (r"\bMMD\b", "MMD maximum mean discrepancy"),
    (r"\bN\(", "N normal law"),
    (r"\bz\b", "z latent"),
    (r"\bE\(", "E(x) the encoder's latent of x"),
    (r"\bF\(", "F way back"),
    (r"\bH\[", "H entropy"),
]
