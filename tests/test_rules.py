"""Update rules: by hand on Dirac-GAN, by differences on small networks, and by the growth that theory gives them."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conftest import (
    DOUBLE,
    beginning,
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
from test_game import DESCENT, check_together_is_alone, dirac_world, sigmoid
from torch import Tensor

from toygan.files.world import World
from toygan.game import play
from toygan.game.constraints import CONSTRAINTS
from toygan.game.dials import Dial
from toygan.game.networks import Network
from toygan.game.objectives import OBJECTIVES
from toygan.game.optimisers import OPTIMISERS, Move, Optimiser, Slots
from toygan.game.play import Draw, State
from toygan.game.players import CRITICS, GENERATORS, mlp_critic
from toygan.game.rules import RULES, Rule
from toygan.game.streams import draws
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


@rules
@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_plays_by_every_rule(rule, name):
    last = states_of(small_world(name, "norm-clip", rule=rule), SEEDS, 3, torch.empty(0))[-1]
    assert last.step == 3
    assert not has_diverged(last).any()


@rules
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_plays_by_every_rule(rule, constraint):
    last = states_of(small_world("hinge", constraint, rule=rule), SEEDS, 2, torch.empty(0))[-1]
    assert not has_diverged(last).any()


@rules
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("critic", CRITICS)
def test_every_body_plays_by_every_rule(rule, generator, critic):
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


def alternating_step(v: Field, z: np.ndarray, last: np.ndarray | None) -> np.ndarray:
    moved = np.array([z[0] - RATE * v(z)[0], z[1]])
    return np.array([moved[0], z[1] - RATE * v(moved)[1]])


def unrolled_step(v: Field, z: np.ndarray, last: np.ndarray | None) -> np.ndarray:
    """The generator's loss after 5 critic moves, as a function of theta, differentiated by differences."""
    critic = z[0] - RATE * v(z)[0]

    def loss(theta: np.ndarray) -> float:
        foreseen = critic
        for _ in range(5):
            foreseen = foreseen - RATE * v(np.array([foreseen, theta]))[0]
        t = float(foreseen @ theta)
        return float(np.logaddexp(0, -t)) if v is non_saturating_field else -t

    slope = np.array([(loss(z[1] + e) - loss(z[1] - e)) / 2e-6 for e in 1e-6 * np.eye(2)])
    return np.array([critic, z[1] - RATE * slope])


Step = Callable[[Field, np.ndarray, np.ndarray | None], np.ndarray]
BY_HAND: dict[str, Step] = {  # of the field, where we are, and the field at the last step
    "alternating": alternating_step,
    "simultaneous": lambda v, z, last: z - RATE * v(z),
    "extragradient": lambda v, z, last: z - RATE * v(z - RATE * v(z)),
    "extra-adam": lambda v, z, last: z - RATE * v(z - RATE * v(z)),  # under descent, which remembers nothing
    "optimistic": lambda v, z, last: z - RATE * (v(z) if last is None else 2 * v(z) - last),
    "optimistic-adam": lambda v, z, last: z - RATE * (2 * v(z) - (0 if last is None else last)),
    "consensus": lambda v, z, last: z - RATE * (v(z) + 0.1 * half_square_slope(v, z)),
    "unrolled": unrolled_step,
}


def path(world: World, steps: int) -> np.ndarray:
    """(psi, theta) after each step [steps + 1, 2, 2]."""
    return np.array(
        [
            torch.stack((s.parameters["critic"], s.parameters["generator"]), 1)[0].numpy()
            for s in states_of(world, [0], steps)
        ]
    )


def ruled(objective: str, rule: Rule | str, rate: float = RATE) -> World:
    made = RULES[rule]() if isinstance(rule, str) else rule
    world = dirac_world(objective, "none", rate)
    return with_players(with_game(world, rule=made.step), optimiser=made.wrap(DESCENT))


@rules
@pytest.mark.parametrize("field", [non_saturating_field, wasserstein_field], ids=["non-saturating", "wasserstein"])
def test_dirac_gan_by_hand(rule, field):
    objective = "wasserstein" if field is wasserstein_field else "non-saturating"
    step = facts_of(BY_HAND, rule, "BY_HAND in tests/test_rules.py")
    z, last, wanted = np.array([[1.0, -0.3], [1.0, 0.5]]), None, []
    for _ in range(20):
        wanted.append(z)
        z, last = step(field, z, last), field(z)
    np.testing.assert_allclose(path(ruled(objective, rule), 20), [*wanted, z], rtol=1e-7, atol=1e-8)


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
}


@rules
@pytest.mark.parametrize("h", [0.1, 0.3])
def test_bilinear_game_grows_or_shrinks_at_the_rate_of_its_eigenvalues(rule, h):
    """psi . theta: simultaneous steps spiral out, alternating ones stay, looking ahead or back comes home."""
    growth = facts_of(GROWTH, rule, "GROWTH in tests/test_rules.py")(h)
    sizes = np.linalg.norm(path(ruled("wasserstein", rule, h), 160).reshape(161, 4), axis=1)
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
bodies = pytest.mark.parametrize("critic", BODIES.values(), ids=BODIES)
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


def check_unrolled(critic: Network, optimiser: str, constraint: str, ahead: int) -> None:
    """The gradient that the generator is fed is that of its foreseen loss, by differences of all the moves ahead."""
    seen = noting(optimiser)
    rule = RULES["unrolled"](ahead=ahead)
    world = small_world(
        "non-saturating", constraint, generator=TANH, critic=critic, optimiser=seen.optimiser, rule=rule, rate=0.05
    )
    state, draw = one_step(world, SEEDS)
    world.game.rule(world.game, state, draw)
    fed, loss = seen.gradients[-1], foreseen_loss(world, warmed(world, state, draw, 2), draw, ahead)
    for seed in range(4):
        way = torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(fed.shape)))
        wanted = (
            loss(state.parameters["generator"] + 1e-6 * way).sum()
            - loss(state.parameters["generator"] - 1e-6 * way).sum()
        ) / 2e-6
        torch.testing.assert_close((fed * way).sum(), wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@bodies
def test_unrolled_gradient_is_that_of_the_foreseen_loss(optimiser, critic):
    check_unrolled(critic, optimiser, "r1", ahead=3)


@pytest.mark.parametrize("constraint", ["none", "gradient-penalty", "norm-clip", "weight-norm", "spectral-norm"])
def test_unrolled_gradient_goes_through_the_constraint(constraint):
    check_unrolled(BODIES["tanh"], "adam", constraint, ahead=2)


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
        "non-saturating", "r1", generator=TANH, critic=critic, optimiser=seen.optimiser, rule=rule, critic_steps=1
    )
    state, draw = one_step(world, SEEDS)
    seen.gradients.clear()
    world.game.rule(world.game, state, draw)
    size = state.parameters["critic"].shape[1]

    def field(both: Tensor) -> Tensor:
        c, g = both[:, :size], both[:, size:]
        v = gradient(lambda x: losses(world, "critic", (x, g), state, draw, 0), c)
        w = gradient(lambda x: losses(world, "generator", (c, x), state, draw, -1), g)
        return torch.cat((v, w), dim=1)

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
