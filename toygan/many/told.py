"""What the owner of a training loop tells before it is recorded: real points or a scenario, a window, a title, an objective."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toygan.files.config import Method, View, as_data
from toygan.files.mistakes import UserError, shortened, suggestion
from toygan.files.own import Own
from toygan.files.scenario import merged, method_named, read, view_around
from toygan.files.strict import Source, check
from toygan.files.world import build_target
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES
from toygan.quantities.optimal import Known, Told, decided
from toygan.session import folder as folders
from toygan.session.facts import RECORDED
from toygan.session.ground import Ground, known_on, optimum_told, target_told
from toygan.session.loops import points_in
from toygan.targets.refusal import Refusal
from toygan.targets.table import listed
from toygan.targets.target import Target

WINDOWS = "view=(-3, 3), view=(left, right, bottom, top) or view=((left, right), (bottom, top))"
LONGEST = 100  # letters of a title


class Brief(NamedTuple):
    """What is told of a loop: its target, the scenario's seed, the window; what of its objective, as a method, if anything;
    all of this as plain data, `config`; and the digests of what it was read from, by name.
    """

    target: Target
    seed: int
    view: View
    method: Method | None
    config: Mapping[str, Any]
    inputs: Mapping[str, str]

    @property
    def about(self) -> list[Any]:
        """What decides the floors, as `measuring.floors_at` has it."""
        return target_told(self.config["target"], self.inputs)


def brief(real: Any, view: Any, title: str, objective: Any) -> Brief:
    """What is told, checked; UserError for what is wrong with it."""
    target, config, inputs = of_scenario(str(real)) if isinstance(real, str | Path) else of_points(real)
    window = view_in(view) or (View(**config["view"]) if "view" in config else view_around(target))
    method = None if objective is None else method_in(objective)
    if not isinstance(title, str) or not title.strip() or not title.isprintable() or len(title) > LONGEST:
        raise UserError(f"title: {shortened(repr(title), 60)}: must be one line of 1 to {LONGEST} letters")
    said = {"name": title.strip()} | said_of(method)
    config = {"kind": RECORDED} | config | {"view": window.model_dump(mode="json"), "method": said}
    return Brief(target, int(config["training"]["seed"]), window, method, config, inputs)


def of_scenario(name: str) -> tuple[Target, dict[str, Any], dict[str, str]]:
    """The target of a scenario, what its file says of the world, and the digests of files that it reads."""
    config = read(name)
    data = {key: value for key, value in as_data(config).items() if key in ("name", "title", "about", "target", "view")}
    data["training"] = {"seed": config.training.seed}
    return build_target(config), data, folders.digests(config, ("target",))


def of_points(given: Any) -> tuple[Target, dict[str, Any], dict[str, str]]:
    """The target of points [n, 2], in words, and their digest."""
    points = points_in(given, "real")
    lost = int((~np.isfinite(points)).any(axis=1).sum())
    if lost:
        raise UserError(f"real: {lost} of {len(points)} points are not finite")
    known = folders.digest(np.ascontiguousarray(points, dtype="<f8").tobytes()).hex()
    data = {"name": f"points-{known[:8]}", "title": f"{len(points)} given points", "target": {"kind": "given"}}
    return listed(points), data | {"training": {"seed": 0}}, {"real points": known}


def view_in(given: Any) -> View | None:
    """A window; None for none. UserError for what is no window."""
    if given is None:
        return None
    try:
        ends = np.array(list(given.values()) if isinstance(given, Mapping) else given, dtype=float)
    except (TypeError, ValueError):
        ends = np.empty(0)
    if ends.shape not in ((2,), (4,), (2, 2)):
        raise UserError(f"view: {shortened(repr(given), 60)} is no window; write {WINDOWS}")
    x, y = np.broadcast_to(ends.reshape(-1, 2), (2, 2)).tolist()
    return check(View, {"x": x, "y": y}, Source("view"))


def method_in(given: Any) -> Method:
    """An objective by its name, a method's or a pair's, or as a table: as a method of which no more is known."""
    if isinstance(given, Method):
        method = given
    elif isinstance(given, Mapping):
        method = Method(objective=dict(given))
    elif given in OBJECTIVES:
        method = Method(objective=given)
    else:
        try:
            table = method_named(given, {}, {})
        except Refusal:
            legal = suggestion(str(given), [*OBJECTIVES, *METHODS], "objectives and methods")
            raise UserError(f"objective {shortened(repr(given), 40)}: unknown; {legal}") from None
        method = Method(**table)
    if isinstance(method.objective, Own):
        raise UserError(f"objective {shortened(repr(given), 40)}: of a function of your own no optimal critic is known")
    return method


def said_of(method: Method | None) -> dict[str, Any]:
    if method is None:
        return {}
    data = method.model_dump(mode="json", include={"objective", "pack", "noisy_labels"}, exclude_none=True)
    usual = {key: field.default for key, field in Method.model_fields.items() if key != "objective"}
    return {key: value for key, value in data.items() if key not in usual or value != usual[key]}


def optimum_of(told: Brief, ground: Ground) -> Known | None:
    """What is known of the optimal critic; None where nothing was told of the objective, or nothing follows."""
    if told.method is None:
        return None
    objective, of_labels = told.method.objective, Told(told.method.pack, told.method.noisy_labels)
    is_known = decided(objective.kind, of_labels)
    return known_on(ground, objective.kind, objective.model_dump(), of_labels) if is_known else None


def optimum_facts(told: Brief, optimum: Known | None) -> dict[str, Any]:
    """What the summary says of the optimal critic."""
    if told.method is None:
        return {}
    objective = told.method.objective
    return optimum_told(objective.kind, objective.model_dump(), None, optimum)


def config_for(told: Brief, n: int | None) -> dict[str, Any]:
    """What a recording says of itself, with the number of points of a frame as far as that is known."""
    return {**told.config, "training": merged(told.config["training"], {"points": n})}
