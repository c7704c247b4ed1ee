"""The Dirac-GAN to play with: a start that is dragged, rule, step size and weight, each path as it was played."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toygan.exhibits.dials import STEPS, axis, played_games
from toygan.files.disk import write_aside
from toygan.session.dirac import WINDOW
from toygan.site.film import choice
from toygan.site.markup import data, tag, text
from toygan.site.pack import motion, script

MARGIN = 0.5  # of the window's width on each side: how far out paths are kept
VIEW = (-WINDOW, WINDOW, -WINDOW, WINDOW)
HOW = (
    "Drag the square, or use the two sliders. Every path was played by the program from where the square stands, so it snaps to "
    "the starts that were played; arrows are the first move from each of them. m is what one step multiplies a small offset from "
    "(0, 0) by: above 1 in size it grows, below it shrinks. h is the step size, c how strongly a player feels the other, γ the "
    "penalty's weight, λ the rate in continuous time, w the weight of consensus."
)


def dials(methods: Sequence[str], rules: Sequence[str], place: Path, root: str, name: str, prose: str = "") -> str:
    """The plane with its dials, and beside it what moves and what to look for, which is HTML; its data files go below
    `place/data/name`, one a method and rule.
    """
    home = place / "data" / name
    home.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for i, method in enumerate(methods):
        for j, rule in enumerate(rules):
            some = played_games(method, rule)
            paths = [motion(str(k), game.paths, VIEW, MARGIN) for k, game in enumerate(some)]
            write_aside(home / f"dials-{i}-{j}.js", script(paths, range(STEPS + 1)), durable=False)
            file = f"{root}data/{name}/dials-{i}-{j}.js"
            told = [{key: getattr(one, key) for key in ("rate", "weight", "motion", "theory")} for one in some]
            found[f"{method} {rule}"] = {"file": file, "games": told}
    facts = {"starts": axis().round(6).tolist(), "steps": STEPS, "window": WINDOW, "found": found}
    inner = data(facts, "dials-facts") + dials_html(methods, rules, prose)
    return tag("section", inner, class_="dials needs-js", aria_label="Dials")


def dials_html(methods: Sequence[str], rules: Sequence[str], prose: str) -> str:
    lists = [
        choice("Game", "dial-method", [(one, text(one)) for one in methods]),
        choice("Rule", "dial-rule", [(one, text(one)) for one in rules]),
        choice("Step size", "dial-rate", []),
        choice("Penalty's weight", "dial-weight", []),
    ]
    starts = []
    for letter, word in (("θ", "theta"), ("ψ", "psi")):
        slider = tag("input", type="range", id=f"dial-{word}", min="0", step="1")
        starts.append(tag("label", f"{letter} at the start ", slider, class_="choice"))
    play = tag("button", "▶", type="button", id="dial-play", class_="main", aria_label="Play")
    controls = tag("div", play, *lists, class_="row", role="group", aria_label="Dials")
    plane = tag("div", id="plane", class_="plane")
    words = tag("div", tag("p", id="dial-now", class_="now"), tag("h2", "Near rest, computed from one step of the program"),
                tag("p", id="dial-motion"), tag("h2", "In closed form"), tag("p", id="dial-theory"),
                tag("p", text(HOW), class_="note"), prose)  # fmt: skip
    return controls + tag("div", tag("div", plane, *starts), words, class_="seen one")
