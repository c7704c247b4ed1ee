"""Update rules: by hand on Dirac-GAN, by differences on small networks, and by the growth that theory gives them."""

from collections.abc import Callable
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conftest import (
    DOUBLE,
    beginning,
    crossed,
    facts_of,
    gradient,
    opinion_of,
    small_world,
    source_of,
    states_of,
    tensors_of,
    with_game,
    with_players,
)
from test_game import DESCENT, check_together_is_alone, dirac_world, path_played, paths_played, sigmoid
from torch import Tensor

from toygan.files.world import World, build_objective
from toygan.game import play
from toygan.game.constraints import CONSTRAINTS
from toygan.game.dials import Dial
from toygan.game.objectives import OBJECTIVES, Extra, Objective, objective, whole, zero_sum
from toygan.game.optimisers import OPTIMISERS, Move, Optimiser, Slots
from toygan.game.play import Draw, State
from toygan.game.players import CRITICS, GENERATORS, mlp_critic
from toygan.game.rules import RULES, Rule
from toygan.game.streams import draws
from toygan.many import run
from toygan.session.looks import has_diverged

SEEDS = [0, 5]
rules = pytest.mark.parametrize("rule", RULES)

# --- laws ------------------------------------------------------------------------------------------------------------


@rules
def test_together_is_alone(rule):
    world = small_world("non-saturating", "r1", rule=rule, optimiser=DESCENT)
    check_together_is_alone(world, 3, DOUBLE, rtol=1e-11, atol=1e-12)


@rules
def test_same_seed_same_bytes(rule):
    one, other = (tensors_of(states_of(small_world("hinge", "r1", rule=rule), SEEDS, 2)[-1]) for _ in range(2))
    assert all(torch.equal(values, other[name]) for name, values in one.items())


@pytest.mark.parametrize(("rule", "name"), crossed(RULES, OBJECTIVES, 3))
def test_every_objective_plays_by_every_rule(rule, name):
    last = states_of(small_world(name, "norm-clip", rule=rule), SEEDS, 2, torch.empty(0))[-1]
    assert last.step == 2
    assert not has_diverged(last).any()


@pytest.mark.parametrize(("rule", "constraint"), crossed(RULES, CONSTRAINTS, 3))
def test_every_constraint_plays_by_every_rule(rule, constraint):
    last = states_of(small_world("hinge", constraint, rule=rule), SEEDS, 2, torch.empty(0))[-1]
    assert not has_diverged(last).any()


@pytest.mark.parametrize(("rule", "bodies"), crossed(RULES, product(CRITICS, GENERATORS), 3), ids=str)
def test_every_body_plays_by_every_rule(rule, bodies):
    critic, generator = bodies
    world = small_world(
        "non-saturating", "r1", rule=rule, generator=GENERATORS[generator](), critic=CRITICS[critic](2, 1)
    )
    assert not has_diverged(states_of(world, [0], 2)[-1]).any()


# --- Dirac-GAN by hand -----------------------------------------------------------------------------------------------
# v = (c(t) theta, -k(t) psi) for z = (psi, theta), t = psi . theta: what critic and generator descend.

Field = Callable[[np.ndarray], np.ndarray]
RATE = 0.1


def non_saturating_field(z: np.ndarray) -> np.ndarray:
    t = float(z[0] @ z[1])
    return np.array([sigmoid(t) * z[1], -sigmoid(-t) * z[0]])


def wasserstein_field(z: np.ndarray) -> np.ndarray:
    return np.array([z[1], -z[0]])


def half_square_slope(v: Field, z: np.ndarray) -> np.ndarray:
    """The gradient of 1/2 |v|^2 by differences."""
    steps = 1e-6 * np.eye(4).reshape(4, 2, 2)
    return np.array([((v(z + e) ** 2).sum() - (v(z - e) ** 2).sum()) / 4e-6 for e in steps]).reshape(2, 2)


Past = list[np.ndarray]  # every z so far, the last one where the players stand


def alternating_step(v: Field, past: Past) -> np.ndarray:
    z = past[-1]
    moved = np.array([z[0] - RATE * v(z)[0], z[1]])
    return np.array([moved[0], z[1] - RATE * v(moved)[1]])


def optimistic_step(v: Field, past: Past) -> np.ndarray:
    last = v(past[-2]) if len(past) > 1 else v(past[-1])
    return past[-1] - RATE * (2 * v(past[-1]) - last)


def optimistic_adam_step(v: Field, past: Past) -> np.ndarray:
    last = v(past[-2]) if len(past) > 1 else 0
    return past[-1] - RATE * (2 * v(past[-1]) - last)


def unrolled_step(v: Field, past: Past) -> np.ndarray:
    """The generator's loss after 5 critic moves, as a function of theta, differentiated by differences."""
    z = past[-1]
    critic = z[0] - RATE * v(z)[0]

    def loss(theta: np.ndarray) -> float:
        foreseen = critic
        for _ in range(5):
            foreseen = foreseen - RATE * v(np.array([foreseen, theta]))[0]
        t = float(foreseen @ theta)
        return float(np.logaddexp(0, -t)) if v is non_saturating_field else -t

    slope = np.array([(loss(z[1] + e) - loss(z[1] - e)) / 2e-6 for e in 1e-6 * np.eye(2)])
    return np.array([critic, z[1] - RATE * slope])


def negative_momentum_step(v: Field, past: Past) -> np.ndarray:
    """Gidel et al.: each adds -1/2 of its last move, and the generator meets the moved critic."""
    z, last = past[-1], past[-1] - past[-2] if len(past) > 1 else np.zeros((2, 2))
    critic = z[0] - RATE * v(z)[0] - 0.5 * last[0]
    return np.array([critic, z[1] - RATE * v(np.array([critic, z[1]]))[1] - 0.5 * last[1]])


def lookahead_step(v: Field, past: Past) -> np.ndarray:
    """Chavdarova et al., k = 5, alpha = 1/2: every fifth step ends half-way to where the last five began."""
    fast = past[-1] - RATE * v(past[-1])
    return fast if len(past) % 5 else past[-5] + 0.5 * (fast - past[-5])


# --- second-order rules on Dirac-GAN: the blocks of J = dv/dz, by differences, [player, 2, player, 2]


def jacobian(v: Field, z: np.ndarray) -> np.ndarray:
    steps = 1e-5 * np.eye(4).reshape(4, 2, 2)
    return np.stack([(v(z + e) - v(z - e)) / 2e-5 for e in steps], axis=-1).reshape(4, 4)


def across(j: np.ndarray) -> np.ndarray:
    """The blocks of a Jacobian that are another player's doing."""
    return j * np.kron([[0, 1], [1, 0]], np.ones((2, 2)))


def cgd_step(v: Field, past: Past) -> np.ndarray:
    """Schaefer and Anandkumar: -rate u, where u is what a dense solver makes of (1 + rate J_across) u = v."""
    z = past[-1]
    u = np.linalg.solve(np.eye(4) + RATE * across(jacobian(v, z)), v(z).ravel())
    return z - RATE * u.reshape(2, 2)


def sga_step(v: Field, past: Past) -> np.ndarray:
    z = past[-1]
    j, slope = jacobian(v, z), v(z).ravel()
    turn = (j - j.T).T @ slope / 2
    side = np.sign((slope @ j.T @ slope) * (turn @ j.T @ slope) / 4 + 0.1)
    return z - RATE * (slope + side * turn).reshape(2, 2)


def foreseen_loss_slopes(v: Field, z: np.ndarray, shaping: bool) -> np.ndarray:
    """Each player's derivative, by differences, of its loss to first order after the other's step; that step held, or shaped."""
    losses = LOSSES[v]

    def slope(f: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
        return np.array([(f(at + e) - f(at - e)) / 2e-5 for e in 1e-5 * np.eye(2)])

    found = []
    for i in (0, 1):

        def after(own: np.ndarray, i: int = i) -> float:
            both = np.array([own, z[1]]) if i == 0 else np.array([z[0], own])
            by_other = v(both if shaping else z)[1 - i]

            def of_other(other: np.ndarray) -> float:
                return losses[i](float(own @ other))

            return losses[i](float(own @ z[1 - i])) - RATE * float(slope(of_other, z[1 - i]) @ by_other)

        found.append(slope(after, z[i]))
    return np.array(found)


LOSSES: dict[Field, tuple[Callable[[float], float], Callable[[float], float]]] = {  # critic's and generator's, of t
    non_saturating_field: (lambda t: float(np.logaddexp(0, t)), lambda t: float(np.logaddexp(0, -t))),
    wasserstein_field: (lambda t: t, lambda t: -t),
}


def lola_step(v: Field, past: Past) -> np.ndarray:
    return past[-1] - RATE * foreseen_loss_slopes(v, past[-1], shaping=True)


def sos_step(v: Field, past: Past) -> np.ndarray:
    """Letcher et al., algorithm 1, with a = 1/2 and b = 1/10."""
    z = past[-1]
    ahead, shaped = (foreseen_loss_slopes(v, z, shaping) for shaping in (False, True))
    pull, size = shaped - ahead, float((v(z) ** 2).sum())
    against = float((pull * ahead).sum())
    p1 = 1.0 if against >= 0 else min(1.0, -0.5 * float((ahead**2).sum()) / against)
    p2 = size if size**0.5 < 0.1 else 1.0
    return z - RATE * (ahead + min(p1, p2) * pull)


Step = Callable[[Field, Past], np.ndarray]
BY_HAND: dict[str, Step] = {
    "alternating": alternating_step,
    "simultaneous": lambda v, past: past[-1] - RATE * v(past[-1]),
    "extragradient": lambda v, past: past[-1] - RATE * v(past[-1] - RATE * v(past[-1])),
    "extra-adam": lambda v, past: past[-1] - RATE * v(past[-1] - RATE * v(past[-1])),  # descent remembers nothing
    "optimistic": optimistic_step,
    "optimistic-adam": optimistic_adam_step,
    "consensus": lambda v, past: past[-1] - RATE * (v(past[-1]) + 0.1 * half_square_slope(v, past[-1])),
    "unrolled": unrolled_step,
    "negative-momentum": negative_momentum_step,
    "lookahead": lookahead_step,
    "cgd": cgd_step,
    "sga": sga_step,
    "lola": lola_step,
    "sos": sos_step,
}


def path(world: World, steps: int) -> np.ndarray:
    """(psi, theta) after each step [steps + 1, 2, 2]."""
    return path_played(world, steps)[:, ::-1]


def ruled(objective: str, rule: Rule | str, rate: Dial = RATE) -> World:
    made = RULES[rule]() if isinstance(rule, str) else rule
    world = dirac_world(objective, "none", rate)
    return with_players(with_game(world, rule=made.step), optimiser=made.wrap(DESCENT))


@rules
@pytest.mark.parametrize("field", [non_saturating_field, wasserstein_field], ids=["non-saturating", "wasserstein"])
def test_dirac_gan_by_hand(rule, field):
    objective = "wasserstein" if field is wasserstein_field else "non-saturating"
    step = facts_of(BY_HAND, rule, "BY_HAND in tests/test_rules.py")
    wanted = [np.array([[1.0, -0.3], [1.0, 0.5]])]
    for _ in range(20):
        wanted.append(step(field, wanted))
    # By hand these two are differences of differences, which divide rounding by 1e-10: 5e-9 of it is left after 20 steps here,
    # and 1.4e-8 in one number of 84 on another processor.
    atol = 1e-7 if rule in ("lola", "sos") else 1e-8
    np.testing.assert_allclose(path(ruled(objective, rule), 20), wanted, rtol=1e-7, atol=atol)


def optimistic_growth(h: float) -> float:
    """The larger root of m^2 - (1 - 2 i h) m - i h = 0."""
    return float(max(abs(np.roots([1, -(1 - 2j * h), -1j * h]))))


GROWTH: dict[str, Callable[[float], float] | None] = {  # of |z| a step in the bilinear game, for large t
    "alternating": lambda h: 1.0,
    "simultaneous": lambda h: (1 + h**2) ** 0.5,
    "extragradient": lambda h: (1 - h**2 + h**4) ** 0.5,
    "extra-adam": lambda h: (1 - h**2 + h**4) ** 0.5,
    "optimistic": optimistic_growth,
    "optimistic-adam": optimistic_growth,
    "consensus": lambda h: ((1 - 0.1 * h) ** 2 + h**2) ** 0.5,
    # The generator descends -psi . theta + 5 h |theta|^2, against a critic that has moved.
    "unrolled": lambda h: float(max(abs(np.linalg.eigvals([[1, -h], [h, 1 - 11 * h**2]])))),
    "negative-momentum": lambda h: float(max(abs(momentum_roots(h, -0.5)))),
    "lookahead": lambda h: abs(0.5 + 0.5 * (1 - 1j * h) ** 5) ** (1 / 5),
    "cgd": lambda h: 1 / (1 + h**2) ** 0.5,
    "sga": lambda h: ((1 - h) ** 2 + h**2) ** 0.5,
    "lola": lambda h: ((1 - 2 * h**2) ** 2 + h**2) ** 0.5,
    "sos": lambda h: ((1 - 2 * h**2) ** 2 + h**2) ** 0.5,  # LOLA's, as long as |v| > b
}


def momentum_roots(h: float, b: float) -> np.ndarray:
    """(m - 1)^2 (m - b)^2 + h^2 m^3 = 0."""
    return np.roots(np.polyadd(np.polymul([1, -2, 1], [1, -2 * b, b * b]), [h * h, 0, 0, 0]))


@rules
def test_bilinear_game_grows_or_shrinks_at_the_rate_of_its_eigenvalues(rule):
    """psi . theta: simultaneous steps spiral out, alternating ones stay, looking ahead or back comes home. One seed's rate is
    small, the other's large.
    """
    made, rates = RULES["sos"](b=1e-9) if rule == "sos" else rule, (0.1, 0.3)
    world = ruled("wasserstein", made, torch.tensor(rates, dtype=torch.float64))
    for h, path in zip(rates, paths_played(world, 160, len(rates)), strict=True):
        growth = facts_of(GROWTH, rule, "GROWTH in tests/test_rules.py")(h)
        sizes = np.linalg.norm(path.reshape(161, 4), axis=1)
        half = sizes[81:].max() / sizes[1:81].max()  # over many turns, where a closed orbit is an ellipse
        np.testing.assert_allclose(half ** (1 / 80), growth, rtol=4e-3)
        assert (growth > 1 + 1e-6) == (rule == "simultaneous" or (rule == "consensus" and h > 0.2))


# --- the papers' Adams, by their algorithms --------------------------------------------------------------------------


class Moments:
    """Adam's move at rate 1, the moments kept between calls."""

    def __init__(self) -> None:
        self.t, self.m, self.v = 0, np.zeros((2, 2)), np.zeros((2, 2))

    def __call__(self, g: np.ndarray) -> np.ndarray:
        self.t, self.m, self.v = self.t + 1, 0.5 * self.m + 0.5 * g, 0.9 * self.v + 0.1 * g**2
        return (self.m / (1 - 0.5**self.t)) / (np.sqrt(self.v / (1 - 0.9**self.t)) + 1e-8)


def optimistic_adam_path(v: Field, z: np.ndarray, steps: int) -> list[np.ndarray]:
    """Daskalakis et al., algorithm 1: minus 2 h u_t, plus h u_(t-1)."""
    move, last, seen = Moments(), np.zeros((2, 2)), [z]
    for _ in range(steps):
        u = move(v(z))
        z, last = z - 2 * RATE * u + RATE * last, u
        seen.append(z)
    return seen


def extra_adam_path(v: Field, z: np.ndarray, steps: int) -> list[np.ndarray]:
    """Gidel et al., ExtraAdam: the moments are updated in both halves, and count both."""
    move, seen = Moments(), [z]
    for _ in range(steps):
        ahead = z - RATE * move(v(z))
        z = z - RATE * move(v(ahead))
        seen.append(z)
    return seen


def adam_path(rule: str, steps: int) -> np.ndarray:
    made, world = RULES[rule](), dirac_world("non-saturating", "none", RATE)
    adam = made.wrap(OPTIMISERS["adam"]((0.5, 0.9)))
    return path(with_players(with_game(world, rule=made.step), optimiser=adam), steps)


@pytest.mark.parametrize(
    ("rule", "by_hand"), [("optimistic-adam", optimistic_adam_path), ("extra-adam", extra_adam_path)]
)
def test_the_papers_adams_are_their_algorithms_and_the_plain_rules_are_not(rule, by_hand):
    wanted = by_hand(non_saturating_field, np.array([[1.0, -0.3], [1.0, 0.5]]), 20)
    np.testing.assert_allclose(adam_path(rule, 20), wanted, rtol=1e-7, atol=1e-8)
    plain = adam_path({"optimistic-adam": "optimistic", "extra-adam": "extragradient"}[rule], 20)
    assert np.abs(plain - wanted).max() > 0.05


def test_extra_adam_counts_every_feeding_of_each_player():
    """Three critic moves and a look ahead feed the critic four times a step, the generator twice; not in a head start."""
    seen: list[tuple[int, int]] = []
    base = OPTIMISERS["adam"]((0.5, 0.9))

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        seen.append((parameters.shape[1], int(t)))
        return base.move(parameters, gradient, slots, t, rate)

    world = small_world("hinge", rule="extra-adam", critic_steps=3, head_start=1, optimiser=Optimiser(base.slots, move))
    last = states_of(world, [0], 3)[-1]
    assert [t for size, t in seen if size == last.parameters["critic"].shape[1]] == list(range(1, 13))
    assert [t for size, t in seen if size == last.parameters["generator"].shape[1]][-4:] == list(range(1, 5))


# --- small networks, by differences ----------------------------------------------------------------------------------


class Seen(NamedTuple):
    """An optimiser that notes every gradient it is fed."""

    optimiser: Optimiser
    gradients: list[Tensor]


def noting(name: str) -> Seen:
    base, gradients = OPTIMISERS[name]((0.5, 0.9)), []

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        gradients.append(gradient.detach())
        return base.move(parameters, gradient, slots, t, rate)

    return Seen(Optimiser(base.slots, move), gradients)


BODIES = {
    "tanh": mlp_critic(2, 1, width=4, depth=1, activation="tanh"),
    "layer norm": mlp_critic(2, 1, width=4, depth=1, activation="tanh", normalisation="layer"),
    "groupsort": mlp_critic(2, 1, width=4, depth=1, activation="groupsort"),
    "autoencoder": CRITICS["autoencoder"](2, 1, width=4, depth=1, activation="tanh"),
}
bodies = pytest.mark.parametrize("critic", BODIES)
TANH = GENERATORS["mlp"](width=4, depth=1, activation="tanh")


def one_step(world: World, seeds: list[int], before: int = 2) -> tuple[State, Draw]:
    """A state after some steps, whose optimisers remember something, and the draw of the next one."""
    state, source = states_of(world, seeds, before)[-1], source_of(world, seeds)
    return state, next(islice(draws(source, before, DOUBLE), 0, None))


def warmed(world: World, state: State, draw: Draw, moves: int) -> State:
    for move in range(moves):
        state = critic_moved(world, state, draw, move)
    return state


def critic_moved(world: World, state: State, draw: Draw, move: int) -> State:
    return play.move(world.game, state, ["critic"], play.row_of(draw, move), at=state)


def losses(world: World, name: str, parameters: tuple[Tensor, Tensor], state: State, draw: Draw, move: int) -> Tensor:
    """What a player minimises on a move's batches, of the critic's and the generator's parameters."""
    named = dict(zip(("critic", "generator"), parameters, strict=True))
    return opinion_of(world, name, named, state, play.row_of(draw, move)).loss


def foreseen_loss(world: World, state: State, draw: Draw, ahead: int) -> Callable[[Tensor], Tensor]:
    """The generator's loss after the critic's moves ahead as a function of the generator, every move made anew."""
    player, steps = world.game.players["critic"], world.game.critic_steps

    def loss(generator: Tensor) -> Tensor:
        critic, slots = state.parameters["critic"], state.players["critic"].slots
        for k in range(ahead):

            def total(c: Tensor) -> Tensor:
                return losses(world, "critic", (c, generator.detach()), state, draw, -1)

            t = state.step * steps + steps + 1 + k
            critic, slots = player.optimiser.move(critic, gradient(total, critic), slots, t, player.rate)
            critic = player.project(critic)
        return losses(world, "generator", (critic, generator), state, draw, -1)

    return loss


def check_unrolled(
    critic: str, optimiser: str, constraint: str, ahead: int, wanted: Objective | str = "non-saturating"
) -> None:
    """The gradient that the generator is fed is that of its foreseen loss, by differences of all the moves ahead."""
    seen = noting(optimiser)
    rule = RULES["unrolled"](ahead=ahead)
    world = small_world(
        wanted, constraint, generator=TANH, critic=BODIES[critic], optimiser=seen.optimiser, rule=rule, rate=0.05
    )
    state, draw = one_step(world, SEEDS)
    world.game.rule(world.game, state, draw)
    fed, loss = seen.gradients[-1], foreseen_loss(world, warmed(world, state, draw, 2), draw, ahead)
    for seed in range(4):
        way = torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(fed.shape)))
        gained = (
            loss(state.parameters["generator"] + 1e-6 * way).sum()
            - loss(state.parameters["generator"] - 1e-6 * way).sum()
        ) / 2e-6
        torch.testing.assert_close((fed * way).sum(), gained, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("critic", "optimiser"), crossed(BODIES, OPTIMISERS, 3))
def test_unrolled_gradient_is_that_of_the_foreseen_loss(critic, optimiser):
    check_unrolled(critic, optimiser, "r1", ahead=3)


@pytest.mark.parametrize("constraint", ["none", "gradient-penalty", "norm-clip", "weight-norm", "spectral-norm"])
def test_unrolled_gradient_goes_through_the_constraint(constraint):
    check_unrolled("tanh", "adam", constraint, ahead=2)


@pytest.mark.parametrize("name", ["minimax", "wasserstein"])
def test_unrolled_generator_of_a_zero_sum_game_minds_the_critics_answer_on_real_points(name):
    """Metz et al.'s loss is the whole value after the critic's moves; real points are a part of it that these moves change."""
    check_unrolled("tanh", "adam", "none", ahead=3, wanted=whole(objective(name)))


def test_who_foresees_plays_for_the_whole_value():
    """Where the generator's loss is differentiated by the critic, a config's zero-sum objective is the whole value."""
    r, g = ({"score": torch.tensor([[[one]]])} for one in (0.3, -0.2))
    for rule, kind, is_whole in (
        ("unrolled", "minimax", True), ("lola", "wasserstein", True), ("sos", "f-kl", True), ("unrolled", "hinge", False),
        ("unrolled", "non-saturating", False), ("alternating", "minimax", False), ("cgd", "minimax", False),
    ):  # fmt: skip
        changes = [("method.objective", {"kind": kind}), ("method.update", {"kind": rule})]
        config, _ = run.prepared("two-moons", "gan", changes, run.Order(Path("runs")))
        made = build_objective(config)
        told = made.losses(r, g, Extra(torch.zeros(1), {}))
        assert torch.equal(told.generator, -told.critic) is is_whole, (rule, kind)
        assert made.generator_needs_real is is_whole


ZERO_SUM = {
    "minimax", "wasserstein", "f-kl", "f-reverse-kl", "f-pearson", "f-hellinger", "f-js", "f-total-variation",
    "positive-ratio", "mmd", "cramer",
}  # fmt: skip


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_zero_sum_games_are_known_by_their_losses(kind):
    assert zero_sum(objective(kind)) is (kind in ZERO_SUM)


@pytest.mark.parametrize("learned", ["real", "fake"])
def test_a_critic_that_learns_by_one_side_alone_is_asked_without_a_fault(learned):
    assert not zero_sum(objective("c-transform", learned=learned))


def test_a_trick_or_a_margin_makes_no_zero_sum_game():
    assert not zero_sum(objective("f-kl", trick=True))
    assert not zero_sum(objective("energy", margin=10.0))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_unrolled_by_nothing_is_alternating_bit_for_bit(optimiser):
    one, other = (
        states_of(small_world("hinge", "r1", optimiser=OPTIMISERS[optimiser]((0.5, 0.9)), rule=rule), SEEDS, 4)[-1]
        for rule in (RULES["unrolled"](ahead=0), "alternating")
    )
    assert all(torch.equal(values, tensors_of(other)[name]) for name, values in tensors_of(one).items())


def test_unrolled_puts_the_critic_back():
    """After a step, critic and its optimiser's memory are as if nobody had looked ahead; the generator is not."""
    one, other = (
        tensors_of(states_of(small_world("hinge", rule=rule), SEEDS, 1)[-1]) for rule in ("unrolled", "alternating")
    )
    for name, values in one.items():
        assert torch.equal(values, other[name]) == ("generator" not in name), name


def test_simultaneous_generator_answers_the_critic_before_its_last_move():
    world = small_world("non-saturating", rule="simultaneous", critic_steps=3)
    state, draw = one_step(world, SEEDS)
    after = world.game.rule(world.game, state, draw)
    old = warmed(world, state, draw, 2)
    wanted = losses(world, "generator", (old.parameters["critic"], state.parameters["generator"]), state, draw, -1)
    assert torch.equal(after.report["generator_loss"], wanted)
    assert torch.equal(after.parameters["critic"], critic_moved(world, old, draw, 2).parameters["critic"])


@bodies
def test_consensus_adds_the_slope_of_half_the_squared_field(critic):
    seen, rule = noting("descent"), RULES["consensus"](weight=0.3)
    world = small_world(
        "non-saturating",
        "r1",
        generator=TANH,
        critic=BODIES[critic],
        optimiser=seen.optimiser,
        rule=rule,
        critic_steps=1,
    )
    state, draw = one_step(world, SEEDS)
    seen.gradients.clear()
    world.game.rule(world.game, state, draw)
    field = field_of(world, state, draw)
    both, fed = (
        torch.cat((state.parameters["critic"], state.parameters["generator"]), dim=1),
        torch.cat(seen.gradients, dim=1),
    )
    for seed in range(4):
        way = torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(both.shape)))
        slope = (field(both + 1e-5 * way).square().sum() - field(both - 1e-5 * way).square().sum()) / 4e-5
        torch.testing.assert_close((fed * way).sum(), (field(both) * way).sum() + 0.3 * slope, rtol=1e-5, atol=1e-6)


def test_consensus_of_no_weight_is_simultaneous():
    one, other = (
        states_of(small_world("hinge", "r1", rule=rule), SEEDS, 3)[-1]
        for rule in (RULES["consensus"](weight=0.0), "simultaneous")
    )
    for name, values in tensors_of(one).items():
        torch.testing.assert_close(values, tensors_of(other)[name], rtol=1e-12, atol=1e-13)


def field_of(world: World, state: State, draw: Draw) -> Callable[[Tensor], Tensor]:
    """v of (critic, generator) [seed, P] in one row, on a step's draws."""
    size = state.parameters["critic"].shape[1]

    def field(both: Tensor) -> Tensor:
        c, g = both[:, :size], both[:, size:]
        v = gradient(lambda x: losses(world, "critic", (x, g), state, draw, 0), c)
        w = gradient(lambda x: losses(world, "generator", (c, x), state, draw, -1), g)
        return torch.cat((v, w), dim=1)

    return field


def dense(field: Callable[[Tensor], Tensor], both: Tensor) -> Tensor:
    """The whole Jacobian dv/dz [seed, P, P] by differences."""
    ways = 1e-5 * torch.eye(both.shape[1], dtype=both.dtype)
    return torch.stack([(field(both + way) - field(both - way)) / 2e-5 for way in ways], dim=2)


class Slopes(NamedTuple):
    """The field v [seed, P] of small networks before their first step, its Jacobian, and the critic's size."""

    v: Tensor
    jacobian: Tensor
    size: int

    @property
    def others(self) -> Tensor:
        """The blocks of the Jacobian that are the other player's doing."""
        is_critic = torch.arange(self.v.shape[1]) < self.size
        return self.jacobian * (is_critic[:, None] != is_critic[None, :])


def bent_world(critic: str, rule: Rule | str, rate: float, optimiser: Optimiser) -> World:
    """Small networks with a penalty."""
    return small_world(
        "non-saturating",
        "r1",
        generator=TANH,
        critic=BODIES[critic],
        optimiser=optimiser,
        rule=rule,
        critic_steps=1,
        rate=rate,
    )


@cache
def slopes_of(critic: str) -> Slopes:
    """By differences: no rule has a part in it."""
    world = bent_world(critic, "simultaneous", 0.0, DESCENT)
    state, draw = one_step(world, SEEDS, before=0)
    both = torch.cat((state.parameters["critic"], state.parameters["generator"]), dim=1)
    field = field_of(world, state, draw)
    return Slopes(field(both), dense(field, both), state.parameters["critic"].shape[1])


def fed_by(rule: Rule, rate: float = 0.05, critic: str = "tanh") -> Tensor:
    """What the first step of a rule feeds the optimisers of small networks with [seed, P], all seeds together."""
    seen = noting("descent")
    world = bent_world(critic, rule, rate, seen.optimiser)
    state, draw = one_step(world, SEEDS, before=0)
    world.game.rule(world.game, state, draw)
    return torch.cat(seen.gradients, dim=1)


@bodies
def test_competitive_descent_is_what_a_dense_solver_says(critic):
    here, fed = slopes_of(critic), fed_by(RULES["cgd"](iterations=30), rate=0.5, critic=critic)
    matrix = torch.eye(here.v.shape[1], dtype=here.v.dtype) + 0.5 * here.others
    torch.testing.assert_close(fed, torch.linalg.solve(matrix, here.v), rtol=1e-5, atol=1e-7)


def test_competitive_descent_comes_nearer_with_every_iteration():
    left, here = [], slopes_of("tanh")
    for iterations in range(6):
        fed = fed_by(RULES["cgd"](iterations=iterations), rate=0.5)
        left.append((fed + 0.5 * (here.others @ fed[..., None])[..., 0] - here.v).norm(dim=1))
    sizes = torch.stack(left)
    assert (sizes[1:] <= sizes[:-1] * (1 + 1e-6)).all()
    assert (sizes[4] < 1e-2 * sizes[0]).all()  # the usual four, at a rate of a half


@bodies
def test_symplectic_adjustment_adds_the_turning_part_of_the_jacobian(critic):
    here, fed = slopes_of(critic), fed_by(RULES["sga"](weight=0.7), critic=critic)
    turn = (here.jacobian - here.jacobian.mT) / 2
    added = (turn.mT @ here.v[..., None])[..., 0]
    slope = (here.jacobian.mT @ here.v[..., None])[..., 0]
    side = torch.sign((here.v * slope).sum(1) * (added * slope).sum(1) / here.v.shape[1] + 0.1)
    torch.testing.assert_close(fed, here.v + 0.7 * side[:, None] * added, rtol=1e-5, atol=1e-7)


NEUTRAL = {
    "cgd": {"iterations": 0},
    "sga": {"weight": 0.0},
    "lookahead": {"alpha": 1.0},
    "negative-momentum": {"beta": 0.0},
}


@pytest.mark.parametrize("rule", NEUTRAL)
def test_rules_without_what_is_theirs_are_the_plain_ones(rule):
    """No iterations, no weight, nothing drawn back, no momentum: simultaneous, or alternating, again."""
    base = "alternating" if rule == "negative-momentum" else "simultaneous"
    one, other = (
        states_of(small_world("hinge", "r1", rule=by), SEEDS, 6)[-1].parameters
        for by in (RULES[rule](**NEUTRAL[rule]), base)
    )
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)


@bodies
def test_lola_descends_the_loss_after_the_others_step(critic):
    """To first order in that step, which is differentiated; LookAhead holds it, and SOS takes a part of the difference."""
    fed = {name: fed_by(rule, critic=critic) for name, rule in LOLAS.items()}
    world = bent_world(critic, "alternating", 0.05, DESCENT)
    state, draw = one_step(world, SEEDS, before=0)
    own = {name: one.detach().requires_grad_() for name, one in state.parameters.items()}

    def f(name: str, row: int) -> Tensor:
        return losses(world, name, (own["critic"], own["generator"]), state, draw, row)

    def wanted(name: str, other: str, rows: tuple[int, int], is_held: bool) -> Tensor:
        mine, theirs = f(name, rows[0]), f(other, rows[1])
        (push,) = torch.autograd.grad(theirs.sum(), own[other], create_graph=True)
        (pull,) = torch.autograd.grad(mine.sum(), own[other], create_graph=True)
        whole = mine.sum() - 0.05 * (pull * (push.detach() if is_held else push)).sum()
        return torch.autograd.grad(whole, own[name])[0]

    for name, is_held in (("lola", False), ("ahead", True)):
        parts = [wanted("critic", "generator", (0, -1), is_held), wanted("generator", "critic", (-1, 0), is_held)]
        torch.testing.assert_close(fed[name], torch.cat(parts, dim=1), rtol=1e-9, atol=1e-12)
    share = (fed["sos"] - fed["ahead"]) / (fed["lola"] - fed["ahead"])
    torch.testing.assert_close(share, share[:, :1].expand_as(share), rtol=1e-5, atol=1e-6)
    assert ((share > 0) & (share <= 1 + 1e-6)).all()


LOLAS = {"lola": RULES["lola"](), "ahead": RULES["lola"](shaping=0.0), "sos": RULES["sos"]()}


def test_lookahead_draws_everybody_back_every_so_many_steps():
    """Between, it is the base rule; then each player is 0.3 of the way from where it was drawn back last."""
    world = small_world("hinge", "r1", rule=RULES["lookahead"](k=3, alpha=0.3, base="alternating"), optimiser=DESCENT)
    states = states_of(world, SEEDS, 6)
    plain = small_world("hinge", "r1", optimiser=DESCENT)
    for begin in (0, 3):
        for step in range(3):
            state, draw = (
                states[begin + step],
                next(islice(draws(source_of(world, SEEDS), begin + step, DOUBLE), 0, None)),
            )
            bare = play.start(plain.game, state.parameters)._replace(step=state.step)
            fast, slow = plain.game.rule(plain.game, bare, draw).parameters, states[begin].parameters
            for name, reached in states[begin + step + 1].parameters.items():
                wanted = fast[name] if step < 2 else slow[name] + 0.3 * (fast[name] - slow[name])
                torch.testing.assert_close(reached, wanted, rtol=1e-10, atol=1e-12)


def test_optimistic_remembers_the_last_gradient_of_each_player():
    world = small_world("hinge", rule="optimistic", optimiser=DESCENT)
    state = beginning(world, SEEDS)
    assert len(state.players["generator"].slots) == len(state.players["critic"].slots) == 1
    after = states_of(world, SEEDS, 1)[-1]
    torch.testing.assert_close(
        after.parameters["generator"],
        state.parameters["generator"] - 1e-2 * after.players["generator"].slots[0],
        rtol=1e-13,
        atol=0,
    )


@pytest.mark.parametrize("constraint", ["clip", "norm-clip"])
@pytest.mark.parametrize("rule", [*RULES])
def test_every_rule_leaves_a_critic_within_its_bounds(rule, constraint):
    bound = {"bound": 0.05} if constraint == "clip" else {"bound": 0.5}
    world = small_world("wasserstein", CONSTRAINTS[constraint](**bound), rule=rule, rate=0.1)
    last = states_of(world, [0], 5)[-1].parameters["critic"]  # lookahead draws back in the fifth
    sizes = [last.abs().max()] if constraint == "clip" else [
        layer.weight.norm(dim=(1, 2)).max() for layer in world.game.players["critic"].network.layers(last)
    ]  # fmt: skip
    assert max(sizes) <= bound["bound"] * (1 + 1e-12)
