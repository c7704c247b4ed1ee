"""What of a target its owner may not expect, each with the remedy: told when a run starts, and by `toygan show`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from toygan.files.config import Config, toml_value
from toygan.files.scenario import view_around
from toygan.files.text import number, percent
from toygan.files.world import build_target
from toygan.targets.target import Extent, Target, core, extent, many
from toygan.targets.user_files import background, read_points

UNSEEN = 0.01  # of the real points outside the view: more are told
SMALL, LARGE = 0.2, 5.0  # the radii between which players work well with a target
FAR = 10.0  # from the origin: networks begin there
INKED = 0.5  # of a picture's edge: more is a background
STAINED = 0.05  # of the points on a background that should have none: more are told


def advice(config: Config) -> list[str]:
    """Sentences about a config's target; none where everything is as players and pictures want it."""
    target = build_target(config)
    cloud = many(target)
    return [sentence for ask in QUESTIONS if (sentence := ask(config, target, cloud))]


def unit_in_words(config: Config, drawn: Target, cloud: np.ndarray) -> str:
    target = config.target
    if not getattr(target, "normalise", None):
        return ""
    centre, radius = extent(read_points(target.path))
    place = f"({number(centre[0], 6)}, {number(centre[1], 6)})"
    origin = toml_value(target.shift) if any(target.shift) else "0"
    unit = number(radius / target.scale)
    return f"normalised: on axes and in measures 1 is {unit} of {target.path.name}, and {origin} is its mean, {place}"


def background_in_words(config: Config, drawn: Target, cloud: np.ndarray) -> str:
    target = config.target
    if target.kind != "image":
        return ""
    inverted = bool(target.invert)
    inked, stained = background(target.path, inverted)
    ink, paper = ("light", "dark") if inverted else ("dark", "light")
    if inked > INKED:
        remedy = "leave invert out of" if inverted else "set invert = true in"
        return (
            f"{target.path.name} has a {ink} background ({percent(inked)} of its edge), and {ink} is where points "
            f"are likely; if they belong where it is {paper}, {remedy} [target]"
        )
    if stained > STAINED:
        clean = "black" if inverted else "white"
        return (
            f"about {percent(stained)} of the points fall on the background of {target.path.name}, which is not "
            f"quite {clean}; make it {clean}, or transparent, in the picture"
        )
    return ""


def scale_in_words(config: Config, drawn: Target, cloud: np.ndarray) -> str:
    """How large the target is and how far away, where players would work badly with it."""
    found = extent(core(cloud))
    distance = float(np.hypot(*found.centre))
    if (SMALL <= found.radius <= LARGE or found.radius == 0) and distance <= FAR:
        return ""
    return (
        f"the target's radius (root mean square, without outliers) is {number(found.radius)} and its mean lies "
        f"{number(distance)} from the origin; players learn well only near radius 1 and the origin: "
        f"set {scale_remedy(config, found)} in [target]"
    )


def scale_remedy(config: Config, found: Extent) -> str:
    """The settings that bring a target to unit scale around the origin."""
    target = config.target
    if target.kind == "points" and not target.normalise and found.radius > 0:
        moved = ["scale = 1.0"] if not SMALL <= target.scale <= LARGE else []
        moved += ["shift = [0.0, 0.0]"] if np.hypot(*target.shift) > LARGE else []
        return " and ".join(["normalise = true", *moved])
    fits = SMALL <= found.radius <= LARGE or found.radius == 0
    scale = target.scale if fits else float(f"{target.scale / found.radius:.2g}")
    middle = scale / target.scale * np.subtract(found.centre, target.shift)  # before the shift, which comes last
    wanted = dict[str, Any]() if fits else {"scale": scale}
    if np.hypot(*(middle + target.shift)) > LARGE:
        wanted["shift"] = [round(-float(value), 2) + 0.0 for value in middle]
    return " and ".join(f"{key} = {toml_value(value)}" for key, value in wanted.items())


def unseen_in_words(config: Config, drawn: Target, cloud: np.ndarray) -> str:
    """Which share of the real points no picture shows."""
    view = config.view
    low, high = np.transpose([view.x, view.y])
    share = 1 - float(((low <= cloud) & (cloud <= high)).all(axis=1).mean())
    if share <= UNSEEN:
        return ""
    around = view_around(drawn)
    wider = "wider x and y in [view] show more"
    without = f"leave [view] out to have x = {toml_value(around.x)}, y = {toml_value(around.y)}"
    return (
        f"{percent(share)} of the real points lie outside the view, x = {toml_value(view.x)}, y = {toml_value(view.y)}, "
        f"where no picture shows them; {wider if view == around else without}"
    )


# of a config, its target, and the target's points [n, 2]
QUESTIONS: tuple[Callable[[Config, Target, np.ndarray], str], ...] = (
    unit_in_words,
    background_in_words,
    scale_in_words,
    unseen_in_words,
)
