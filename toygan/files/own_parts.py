"""A user's own parts as rows of the tables of kinds: objectives, constraints, rules and targets that a config names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial, wraps
from typing import Any

import numpy as np

from toygan.files.mistakes import Mistake, UserError
from toygan.files.own import (
    Code,
    Own,
    answer_of,
    blaming,
    called_as,
    code_of,
    in_words,
    made_whole,
    own_constraint,
    own_objective,
    parameters,
    signed,
    takes,
)
from toygan.files.own_networks import ENDS, making, own_critic, own_generator, own_latents
from toygan.files.samplers import cloud_of, is_sampler, sampler_of
from toygan.files.strict import examined, options_model
from toygan.game.play import Draw, Game, State
from toygan.game.rules import Rule
from toygan.targets.target import Batch, Target, moved, of_parts

# Options that every row of a part has.
EXTRA: dict[str, tuple[Callable[..., Any], ...]] = {"target": (moved,), "generator": (own_latents,)}
WHOLE = {"objective", "constraint", "also", "update"}  # parts that a function of options alone may return whole
MOVES = "toygan.game.play has the moves: play.over_with(play.move(game, state, game.generators, row, at=state))"
MANY = 2047  # no multiple of a number of modes that samplers have
Measure = Callable[[np.ndarray, np.ndarray], float]


def filled(table: Mapping[str, Any], part: str) -> tuple[dict[str, Any], list[Mistake]]:
    """The table of a part of one's own with all its options, and what is wrong with them, keys from the part on."""
    about = {"kind": table["kind"], "path": table.get("path", "")}
    try:
        code = code_for(Own(**about), part)
    except UserError as error:
        return dict(table), [error.mistakes[0]._replace(key=(part, "kind"))]
    takes(code, part)
    model = options_model(code.kind, signed(code), *EXTRA.get(part, ()))
    options, mistakes = examined(model, {key: value for key, value in table.items() if key != "path"})
    if options is None:
        return dict(table), [mistake._replace(key=(part, *(mistake.key or ()))) for mistake in mistakes]
    return about | options.model_dump(mode="json"), []


def code_for(part: Own, name: str) -> Code:
    """The function of a part, as that part is called. UserError where it is not there."""
    code = code_of(part)
    if name in ENDS:
        return making(code, name)
    return drawing(code) if name == "target" else code


def own_row(part: Own, name: str) -> Callable[..., Any]:
    """The row of a part of one's own: a function of its options, as in the tables of kinds."""
    return row_of_code(code_for(part, name), name)


@cache  # a game is built anew at every step that is not a graph
def row_of_code(code: Code, name: str) -> Callable[..., Any]:
    row: Any = partial(made_whole, code, name) if name in WHOLE and not takes(code, name) else partial(ROWS[name], code)
    told = [one for of in (row, signed(code)) for one in inspect.signature(of).parameters.values()]
    row.__signature__ = inspect.Signature([one for one in told if one.kind is one.KEYWORD_ONLY])
    return row


def own_rule(code: Code, /, **options: Any) -> Rule:
    """A user's own rule, whose options are dials as the shipped rules' are."""

    def step(game: Game, state: State, draw: Draw) -> State:
        said = answer_of(code, (game, state, draw), options, next(iter(state.parameters.values())))
        if not isinstance(said, State):
            raise code.fault(f"returns {in_words(said)} where the next state is wanted", MOVES)
        return said

    return Rule(step)


def rule_tried(part: Own, game: Game, state: State, draw: Draw) -> None:
    """Play one step by a rule of one's own. UserError where it is none, or where the state that it returns is of another form."""
    code = code_of(part)
    with blaming(code.file):
        after = game.rule(game, state, draw)
    shapes = [{name: one.shape for name, one in told.parameters.items()} for told in (state, after)]
    if shapes[0] != shapes[1] or int(after.step) != int(state.step) + 1:
        step = f"step {int(after.step)} with {', '.join(after.players)}"
        wrong = f"after step {int(state.step)} it returns {step}, where the same players one step on are wanted"
        raise code.fault(wrong, "a rule ends with play.over_with(state)")


@cache
def drawing(code: Code) -> Code:
    """A sampler, however it takes its arguments, as a function (rng, n) with its own options; of options alone as it is."""
    if not is_sampler(code):
        return code
    with blaming(code.file):
        sampler = sampler_of(code)
    if not sampler.by:
        hint = "write def NAME(rng, n), rng being numpy's Generator"
        raise code.fault("takes neither rng nor seed, and a run could not be repeated", hint)
    asked = parameters(code._replace(function=sampler.function))
    own = {name: one for name, one in asked.items() if name not in sampler.names.values()}
    if bad := sorted(own.keys() & inspect.signature(moved).parameters):
        raise code.fault(f"its option {bad[0]!r} is a word of toygan's own, which every target has; call it otherwise")

    @wraps(sampler.function)
    def draw(rng: np.random.Generator, n: int, **options: Any) -> Any:
        return sampler.begun(n, rng, options)()

    return called_as(code, "target", draw, own.values())


def own_target(code: Code, /, **options: Any) -> Target:
    """A user's own target. What it draws is put in an order of chance, for whoever looks at the first points only."""
    if not takes(code, "target"):
        return with_labels_checked(code, made_whole(code, "target", **options))

    def draw(rng: np.random.Generator, n: int) -> Batch:
        with blaming(code.file):
            found = batch_of(code, code.function(rng, n, **options), n)
        mixed = rng.permutation(n)
        return Batch(found.points[mixed], None if found.labels is None else found.labels[mixed])

    tried = both_alike(code, draw)
    if tried.labels is None:
        return Target(lambda rng, n: draw(rng, n).points)
    return with_labels_checked(code, of_parts(draw, 1 + int(tried.labels.max())))


def with_labels_checked(code: Code, target: Target) -> Target:
    """The same target, whose draw refuses labels that are none of its classes. UserError when one comes."""
    parts, drawn = target.classes, target.draw
    if parts is None or drawn is None:
        return target

    def draw(rng: np.random.Generator, n: int) -> Batch:
        found = blaming(code.file)(drawn)(rng, n)
        if found.labels is None:
            raise stray_labels(code, parts, "no labels")
        if len(found.labels) and not 0 <= found.labels.min() <= found.labels.max() < parts:
            stray = found.labels[(found.labels < 0) | (found.labels >= parts)][0]
            raise stray_labels(code, parts, f"the label {stray}")
        return found

    return target._replace(draw=draw)


def stray_labels(code: Code, parts: int, came: str) -> UserError:
    said, hint = "as it says", "labels go from 0 to classes - 1: say more classes, or draw fewer"
    if takes(code, "target"):
        said = f"of {MANY} points drawn before the run"
        hint = "let it return a whole Target of toygan.targets.target: Target(sample, draw=draw, classes=K), labels below K"
    return code.fault(f"has {parts} classes, {said}, and in the run {came} came", hint)


def batch_of(code: Code, said: Any, n: int) -> Batch:
    """The points and labels that a user's sampler has returned. UserError where they are none."""
    try:
        points, labels = cloud_of(said)
    except ValueError as error:
        raise not_points(code, str(error)) from None
    if points.shape != (n, 2):
        raise not_points(code, f"asked for {n} points it returns {list(points.shape)}")
    if not np.isfinite(points).all():
        raise not_points(code, f"{int((~np.isfinite(points).all(axis=1)).sum())} of {n} points are NaN or infinite")
    if labels is None:
        return Batch(points.astype(float))
    if labels.shape != (n,) or not np.array_equal(labels, labels.astype(int)) or labels.min() < 0:
        raise not_points(code, "labels are whole numbers from 0 on, one a point")
    return Batch(points.astype(float), labels.astype(int))


def not_points(code: Code, wrong: str) -> UserError:
    hint = "wanted are points [n, 2], or points and a label for each; toygan check --as target says more"
    return code.fault(wrong, hint)


def both_alike(code: Code, draw: Callable[[np.random.Generator, int], Batch]) -> Batch:
    """Many points of a sampler. UserError where its stream does not decide them alone: a run could not be repeated."""
    first, second = (draw(np.random.default_rng(0), MANY) for _ in range(2))
    if not np.array_equal(first.points, second.points):
        raise not_points(code, "the same stream gives other points the next time; draw from it, and from no other")
    return first


def own_measure(code: Code, /, **options: Any) -> Measure:
    """A user's own measure: a function of generated and real points [n, 2]."""
    if takes(code, "measure") != 2:
        raise code.fault("takes no points", "write def NAME(points, real)")

    def measure(points: np.ndarray, real: np.ndarray) -> float:
        with blaming(code.file):
            said = code.function(points.astype(float), real.astype(float), **options)
        try:
            return float(np.asarray(said, float).reshape(()))
        except (TypeError, ValueError):
            raise code.fault(f"returns {in_words(said)} where a number is wanted") from None

    measure(*np.random.default_rng(0).standard_normal((2, 50, 2)))  # tried before a run begins
    return measure


ROWS: dict[str, Callable[..., Any]] = {
    "objective": own_objective,
    "constraint": own_constraint,
    "also": own_constraint,
    "update": own_rule,
    "target": own_target,
    "measure": own_measure,
    "generator": own_generator,
    "critic": own_critic,
}
