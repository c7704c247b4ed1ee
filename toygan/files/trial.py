"""A user's own parts, tried once before a run begins: what they return has the right shape, is a number, and mixes no seeds.

Scores and slopes of the trial are standard normal, from a stream that nothing else draws from.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.own import Code, Own, blaming, code_of, one_a_seed, pair
from toygan.game.constraints import Constraint, Sight
from toygan.game.laws import Law
from toygan.game.objectives import Extra, Objective
from toygan.game.players import mlp_critic

SEEDS = 2
PRECISIONS = {"single": torch.float32, "double": torch.float64}
MIXED = "depends on another seed, which trains beside it"


def objective_tried(part: Own, objective: Objective, config: Config) -> None:
    """Play an objective of one's own on scores of the run's shape. UserError for what is wrong with what it says."""
    code, rng = code_of(part), np.random.default_rng(0)
    like = torch.empty(0, dtype=PRECISIONS[config.training.precision])
    rows = config.training.batch // config.method.pack
    real, fake = (
        {name: leaf(rng.standard_normal((SEEDS, rows, width)), like) for name, width in objective.heads.items()}
        for _ in range(2)
    )
    extra = Extra(like.new_zeros(SEEDS), drawn(objective.draws, config.training.batch, rng, like))
    losses = [pair(code, objective.losses(real, fake, extra), SEEDS) for _ in range(2)]
    alone = pair(code, objective.losses(first(real), first(fake), Extra(extra.memory[:1], first(extra.draw))), 1)
    for i, who in enumerate(("critic", "generator")):
        once, twice, one = (found[i] for found in (*losses, alone))
        sound(code, f"loss of the {who}", once, [*real.values(), *fake.values()])
        repeats = torch.equal(once, twice)  # and draws no numbers of its own, so that more seeds are more of them
        same = torch.allclose(once[:1], one, rtol=1e-4, atol=1e-6)
        refuse_unless(code, same or not repeats, f"the loss of the {who} of one seed {MIXED}")


def first(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: values[:1] for name, values in tensors.items()}


def constraint_tried(part: Own, constraint: Constraint, config: Config) -> None:
    """Try a penalty of one's own on a small critic. UserError for what is wrong with what it says."""
    code, rng = code_of(part), np.random.default_rng(0)
    like = torch.empty(0, dtype=PRECISIONS[config.training.precision])
    d, rows = 2 * config.method.pack, config.training.batch // config.method.pack
    critic = mlp_critic(d, 1, width=8, depth=2, activation="tanh")
    parameters = leaf(np.stack([critic.initial(rng) for _ in range(SEEDS)]), like)
    real, fake = (leaf(rng.standard_normal((SEEDS, rows, d)), like).detach() for _ in range(2))
    layers = critic.layers(parameters)

    def slopes_at(points: Tensor) -> Tensor:
        judged = critic.judge(layers, points)
        return judged.slopes(torch.ones_like(judged.outputs))

    draws = drawn(constraint.draws, config.training.batch, rng, like)
    sight = Sight(real, fake, draws, lambda: slopes_at(real), lambda: slopes_at(fake), slopes_at, lambda: layers)
    penalty = constraint.penalty(sight)
    if penalty is not None:
        sound(code, "penalty", one_a_seed(code, penalty, SEEDS, "penalty"), [parameters])


def leaf(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like).requires_grad_()


def drawn(laws: Mapping[str, Law], n: int, rng: np.random.Generator, like: Tensor) -> dict[str, Tensor]:
    """A move's random numbers by name, a row a point."""
    return {
        name: torch.from_numpy(np.stack([law.sample(rng, n) for _ in range(SEEDS)])).to(like)
        for name, law in laws.items()
    }


def sound(code: Code, what: str, values: Tensor, by: list[Tensor]) -> None:
    """UserError unless values [seed] are numbers, and so are their gradients, each seed's by its own alone."""
    refuse_unless(code, bool(torch.isfinite(values).all()), f"the {what} is {values.detach().tolist()}")
    refuse_unless(code, values.requires_grad, f"the {what} has no gradient; is it computed outside of torch?")
    with blaming(code.file):
        slopes = torch.autograd.grad(values[0], by, materialize_grads=True)
    for slope in slopes:
        refuse_unless(code, bool(torch.isfinite(slope).all()), f"the gradient of the {what} is NaN or infinite")
        refuse_unless(code, not bool(slope[1:].any()), f"the {what} of one seed {MIXED}")


def refuse_unless(code: Code, holds: bool, wrong: str) -> None:
    """UserError with the function's line."""
    if not holds:
        hint = f"toygan check {code.path}:{code.kind.rpartition(':')[2]} says more" if code.path.endswith(".py") else ""
        raise code.fault(f"on random numbers {wrong}", hint)
