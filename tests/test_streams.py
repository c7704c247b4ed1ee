"""Random numbers belong to the scenario, the seed and the step, and to nothing else."""

from itertools import islice

import numpy as np
import pytest
import torch
from conftest import DOUBLE

from toygan.game.streams import BLOCK, Draw, Purpose, Randomness, draws, no_tricks, starts, stream, tricks, uniform


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal((n, 2))


SOURCE = Randomness(
    scenario_seed=3,
    seeds=[0, 7],
    batch=4,
    moves=3,
    real=normal,
    latent=lambda rng, n: rng.uniform(size=(n, 1)),
    chance=uniform(3),
    trick=tricks,
)


def drawn(source: Randomness, start: int, count: int) -> Draw:
    """Some draws stacked along steps: [step, moves, seed, batch, ...]."""
    return Draw(*map(torch.stack, zip(*islice(draws(source, start, DOUBLE), count), strict=True)))


def same(one: Draw, other: Draw) -> bool:
    return all(map(torch.equal, one, other))


def test_shapes_and_type():
    draw = next(draws(SOURCE, 0, torch.empty(0)))
    assert [tuple(part.shape) for part in draw] == [(3, 2, 4, 2), (3, 2, 4, 1), (3, 2, 4, 3), (3, 2, 4, 6)]
    assert {part.dtype for part in draw} == {torch.float32}
    for uniforms in (draw.chance, draw.trick[..., 4:]):
        assert uniforms.min() >= 0
        assert uniforms.max() < 1


def test_same_seed_same_bytes():
    assert same(drawn(SOURCE, 0, BLOCK + 2), drawn(SOURCE, 0, BLOCK + 2))


@pytest.mark.parametrize("start", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_a_run_that_goes_on_sees_what_it_would_have_seen(start):
    whole = drawn(SOURCE, 0, start + BLOCK + 1)
    assert same(drawn(SOURCE, start, BLOCK + 1), Draw(*(part[start:] for part in whole)))


def test_fewer_critic_moves_see_the_first_of_the_same_batches():
    many, few = drawn(SOURCE, BLOCK - 1, 3), drawn(SOURCE._replace(moves=2), BLOCK - 1, 3)
    assert same(few, Draw(*(part[:, [0, -1]] for part in many)))


def test_a_seed_sees_the_same_alone():
    assert same(drawn(SOURCE._replace(seeds=[7]), 0, 3), Draw(*(part[:, :, 1:] for part in drawn(SOURCE, 0, 3))))


def test_what_is_drawn_for_one_purpose_moves_no_other():
    thirsty = SOURCE._replace(latent=lambda rng, n: rng.standard_normal((n, 50)))
    one, other = drawn(SOURCE, 0, 3), drawn(thirsty, 0, 3)
    assert torch.equal(one.real, other.real)
    assert torch.equal(one.chance, other.chance)
    assert torch.equal(one.trick, other.trick)


def test_no_tricks_draw_nothing_and_change_nothing():
    one, other = drawn(SOURCE, 0, 3), drawn(SOURCE._replace(trick=no_tricks), 0, 3)
    assert other.trick.shape == (3, 3, 2, 4, 0)
    assert same(one._replace(trick=other.trick), other)


def test_tricks_are_four_normal_and_two_uniform_columns():
    drawn_once = tricks(np.random.default_rng(0), 50_000)
    np.testing.assert_allclose(drawn_once.mean(axis=0), [0, 0, 0, 0, 0.5, 0.5], atol=0.02)
    np.testing.assert_allclose(np.cov(drawn_once.T), np.diag([1, 1, 1, 1, 1 / 12, 1 / 12]), atol=0.03)


def test_no_two_streams_are_alike():
    places = [
        (s, seed, purpose, *place)
        for s in (0, 1)
        for seed in (0, 1)
        for purpose in Purpose
        for place in [(), (0, 1), (1, 0)]
    ]
    firsts = {stream(*place).random() for place in places}
    assert len(firsts) == len(places)
    assert len(set(Purpose)) == len(Purpose.__members__)


def test_steps_moves_and_seeds_all_differ():
    real = drawn(SOURCE, 0, BLOCK + 1).real
    assert len(torch.unique(real)) == real.numel()
    other = drawn(SOURCE._replace(scenario_seed=4), 0, BLOCK + 1).real
    assert len(torch.unique(torch.cat((real, other)))) == 2 * real.numel()


def test_first_parameters_are_each_seeds_own():
    two = starts(3, [0, 7], Purpose.CRITIC_START, lambda rng: rng.random(5))
    np.testing.assert_array_equal(two[1:], starts(3, [7], Purpose.CRITIC_START, lambda rng: rng.random(5)))
    assert (two[0] != two[1]).all()
    assert (two != starts(4, [0, 7], Purpose.CRITIC_START, lambda rng: rng.random(5))).all()
    assert (two != starts(3, [0, 7], Purpose.GENERATOR_START, lambda rng: rng.random(5))).all()
