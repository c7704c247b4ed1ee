"""What the letters of a method's formula stand for: a reader of one sheet has no list of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toygan.view.apart import flat
from toygan.view.settings import ROWS, plain, replaced, shipped_row, usual_of

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
    """Whether a run's method is a shipped one but for a setting that its formula may tell, or would tell: one that the shipped
    method has otherwise, or does not have and that is not as usual.
    """
    row = shipped_row(name, method)
    if row is None:
        return False
    played, shipped = flat({"method": method}), flat({"method": row})
    counted = [key for key in played if key.split(".")[1] not in BESIDE and not key.endswith(".kind")]
    counted += [key for key in ("method.also.kind", "method.update.kind", "method.cast.kind") if key in played]
    others = any(plain(played[key]) != plain(shipped.get(key, unsaid(key, played))) for key in counted)
    return others or bool(replaced(name, method))


def unsaid(key: str, method: Mapping[str, Any]) -> Any:
    """What a setting of a flat method is that its shipped row leaves out; an ellipsis where that is not known."""
    table, _, last = key.rpartition(".")
    return FILLED_IN.get(f"{method.get(f'{table}.kind')}.{last}", usual_of(key, method))


FILLED_IN = {  # by the builders of parts; a sheet tells them always, so that they are not among the usual settings
    "encoder.teaches": "both",
    "equation.turns": 1.0,
    "generators.weight": 1.0,
    "loss-sensitive.margin": 1.0,
    "loss-sensitive.weight": 1.0,
    "margin.margin": 1.0,
    "neighbours.scales": [0.1, 0.5],
    "positive-ratio.weight": 1.0,
    "spectral-norm.lipschitz": 1.0,
    "stages.margin": 2.0,
    "stages.ranking": 1.0,
    "translators.power": 1,
    "uncrowded.weight": 0.05,
    "uncrowded.width": 0.1,
}
BESIDE = {"critic_steps", "generator_rate", "critic_rate", "optimiser", "betas", "epsilon", "schedule", "ema",
          "head_start"}  # of a row, but in no formula  # fmt: skip


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
