"""Every shipped method's formula is what the method plays: evaluated as it is written, on a critic that is a plane."""

import re
from typing import Any

import pytest
import torch
from conftest import DOUBLE, facts_of
from torch import Tensor
from torch.nn.functional import softplus

from toygan.files.scenario import read
from toygan.game import duel, play
from toygan.game.methods import METHODS, PAPERS
from toygan.game.play import Draw, Game, State
from toygan.game.streams import draws
from toygan.session.simulation import Simulation, simulation

START = (1.2, -0.5)
IN_WORDS = {  # losses that are no mean of one point's or one pair's numbers, and whose objective's own tests tell
    "ragan", "ebgan", "began", "mmd-gan", "cramer-gan", "infogan", "ns-gan-smooth", "ns-gan-flip", "unrolled-gan",
}  # fmt: skip


def spelled(name: str) -> str:
    """A method's formula, with that of the method it refers to in its place."""
    formula = METHODS[name]["formula"]
    base = re.split("[;,]", formula)[0]
    return METHODS[base]["formula"] + formula[len(base) :] if base in METHODS else formula


def value(text: str, r: Tensor, g: Tensor) -> Tensor:
    """A loss as it is written, E being linear and the critic a plane of slope |START|."""
    text = re.split(r", (?=[a-z])| between pairs| around real points", text)[0]
    text = re.sub(r"\|f'(\((real|fake)\))?\|", "slope", text)
    text = text.replace("sum |w|", "l1").replace("sum w^2", "l2").replace("log 2", "log2").replace("^", "**")
    text = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", re.sub(r"\bE ", "", text))
    start = torch.tensor(START, dtype=torch.float64)
    names: dict[str, Any] = {
        "sp": softplus,
        "exp": torch.exp,
        "tanh": torch.tanh,
        "max": lambda least, x: x.clamp(min=least),
        "log2": torch.log(torch.tensor(2.0, dtype=torch.float64)),
        "slope": start.norm(),
        "l1": start.abs().sum(),
        "l2": start.square().sum(),
    }
    return eval(text, names, {"r": r, "g": g}).mean()


def plane(name: str) -> tuple[Simulation, Draw]:
    """A method's world with a critic that is a plane, and its first draw."""
    changes = [("critic", {"kind": "linear", "start": START}), ("training.batch", 8), ("training.precision", "double")]
    sim = simulation(read("eight-gaussians", name, changes))
    return sim, next(draws(sim.source, 0, DOUBLE))


@pytest.mark.parametrize("name", [name for name in METHODS if name not in IN_WORDS])
def test_a_formula_is_what_its_method_plays(name):
    critic, generator = re.fullmatch(r"C: (.*?);  G: (.*?)(;  .*)?", spelled(name)).groups()[:2]
    (sim, draw) = plane(name)
    rules, state = sim.world.game, sim.start
    for name, formula, move in (("critic", critic, 0), ("generator", generator, -1)):
        row = play.row_of(draw, move)
        opinion = rules.players[name].opinion(rules, state.parameters, state, row)
        torch.testing.assert_close(
            opinion.loss, value(formula, *judged(rules, state, row))[None], rtol=1e-10, atol=1e-12
        )


def judged(rules: Game, state: State, row: Draw) -> list[Tensor]:
    """The critic's outputs of both batches of a move."""
    body, layers = rules.players["critic"].network, duel.critic_layers(rules, state.parameters)
    fake = duel.generate(rules, state.parameters, row)
    clouds = (row["real"], row.get("real noise")), (fake, row.get("fake noise"))
    return [body.forward(layers, duel.shown(rules, state, *cloud)) for cloud in clouds]


def test_a_wrong_formula_is_noticed():
    r, g = torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    assert value("E sp(-r) + 0.1/2 E |f'(real)|^2", r, g) != value("E sp(-r) + 0.1 E |f'(real)|^2", r, g)
    assert float(value("1/2 E (r - 1)^2 + 2 log 2", r, g)) == pytest.approx(1.3862943611)


@pytest.mark.parametrize("name", METHODS)
def test_a_formula_that_names_a_method_plays_it(name):
    base = METHODS.get(re.split("[;,]", METHODS[name]["formula"])[0], METHODS[name])
    assert METHODS[name]["objective"] == base["objective"]
    assert METHODS[name].get("constraint") == base.get("constraint")


SIDES = {1: "max(0, ", 2: "("}
WHERE = {"interpolates": "between pairs", "around-real": "around real points"}
MENTIONS = {
    "none": lambda: "",
    "clip": lambda bound: f"every parameter in [-{bound}, {bound}]",
    "gradient-penalty": lambda weight, sides=2, at="interpolates": f"{weight} E {SIDES[sides]}|f'| - 1)^2 {WHERE[at]}",
    "r1": lambda weight: f"{weight}/2 E |f'(real)|^2",
    "r1-r2": lambda weight: f"{weight}/2 E |f'(real)|^2 + {weight}/2 E |f'(fake)|^2",
    "spectral-norm": lambda lipschitz=1: (
        "layers over their top singular values" + (f", times {lipschitz:g} in all" if lipschitz != 1 else "")
    ),
    "weight-norm": lambda: "weights as length times direction",
    "norm-clip": lambda bound: f"each layer's weights of l2 norm at most {bound:g}",
    "l1-decay": lambda weight: f"{weight} sum |w|",
    "l2-decay": lambda weight: f"{weight} sum w^2",
}
TRICKS = {
    "update": lambda update: f"{update['ahead']} moves from now",
    "pack": lambda pack: f"{pack} points at once",
    "instance_noise": lambda noise: f"s from {noise} falling to 0",
    "noisy_labels": lambda share: f"{share:.0%} of the label pairs".replace("%", " %"),
    "categories": lambda categories: "[category]",
    "mutual_information": lambda weight: "both players minimise E -log softmax",
    "head_start": lambda steps: "at first E D(real) alone",
    "critic": lambda kind: "dec(enc(x))",
}
HABITS = {"formula", "reference", "look_for", "objective", "constraint", "critic_steps", "optimiser"}
HABITS |= {"generator_rate", "critic_rate"}  # which `toygan show` prints with the settings


@pytest.mark.parametrize("name", METHODS)
def test_a_formula_says_every_constraint_and_trick(name):
    method, formula = METHODS[name], spelled(name)
    options = dict(method.get("constraint", {"kind": "none"}))
    kind = options.pop("kind")
    assert facts_of(MENTIONS, kind, "MENTIONS in tests/test_methods.py")(**options) in formula
    for key in method.keys() - HABITS:
        assert facts_of(TRICKS, key, "TRICKS in tests/test_methods.py")(method[key]) in formula, key


def test_papers_speak_of_shipped_methods():
    assert set(PAPERS) <= set(METHODS)
