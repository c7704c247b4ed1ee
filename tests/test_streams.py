"""Random numbers belong to the scenario, the seed and the step, and to nothing else."""

from itertools import islice

import numpy as np
import pytest
import torch
from conftest import DOUBLE

from toygan.files.config import as_data
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game import laws
from toygan.game.play import Draw
from toygan.game.streams import BLOCK, NUMBERS, Randomness, draws, starts, stream
from toygan.session.playable import pool
from toygan.session.simulation import simulation


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal((n, 2))


SOURCE = Randomness(
    scenario_seed=3,
    seeds=[0, 7],
    batch=4,
    moves=3,
    laws={
        "real": normal,
        "latent": lambda rng, n: rng.uniform(size=(n, 1)),
        "mix": laws.uniform(3).sample,
        "noise": laws.normal(2).sample,
    },
)


def drawn(source: Randomness, start: int, count: int) -> Draw:
    """Some draws stacked along steps: [step, moves, seed, batch, ...]."""
    rows = list(islice(draws(source, start, DOUBLE), count))
    return {name: torch.stack([row[name] for row in rows]) for name in source.laws}


def same(one: Draw, other: Draw) -> bool:
    return one.keys() == other.keys() and all(torch.equal(numbers, other[name]) for name, numbers in one.items())


def cut(one: Draw, *places: slice | list[int]) -> Draw:
    return {name: numbers[places] for name, numbers in one.items()}


def test_shapes_and_type():
    draw = next(draws(SOURCE, 0, torch.empty(0)))
    assert {name: part.shape[-1] for name, part in draw.items()} == {"real": 2, "latent": 1, "mix": 3, "noise": 2}
    assert {part.shape[:-1] for part in draw.values()} == {(3, 2, 4)}
    assert {part.dtype for part in draw.values()} == {torch.float32}
    assert draw["mix"].min() >= 0
    assert draw["mix"].max() < 1


def test_same_seed_same_bytes():
    assert same(drawn(SOURCE, 0, BLOCK + 2), drawn(SOURCE, 0, BLOCK + 2))


@pytest.mark.parametrize("start", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_a_run_that_goes_on_sees_what_it_would_have_seen(start):
    whole = drawn(SOURCE, 0, start + BLOCK + 1)
    assert same(drawn(SOURCE, start, BLOCK + 1), cut(whole, slice(start, None)))


def test_fewer_critic_moves_see_the_first_of_the_same_batches():
    many, few = drawn(SOURCE, BLOCK - 1, 3), drawn(SOURCE._replace(moves=2), BLOCK - 1, 3)
    assert same(few, cut(many, slice(None), [0, -1]))


def test_a_seed_sees_the_same_alone():
    assert same(
        drawn(SOURCE._replace(seeds=[7]), 0, 3), cut(drawn(SOURCE, 0, 3), slice(None), slice(None), slice(1, None))
    )


def test_what_is_drawn_by_one_name_moves_no_other():
    more = {**SOURCE.laws, "latent": lambda rng, n: rng.standard_normal((n, 50)), "labels": laws.uniform(2).sample}
    one, other = drawn(SOURCE, 0, 3), drawn(SOURCE._replace(laws=more), 0, 3)
    assert all(torch.equal(one[name], other[name]) for name in ("real", "mix", "noise"))
    assert other["labels"].shape == (3, 3, 2, 4, 2)


LAWS = {  # mean and variance of each column
    "uniform": (laws.uniform(2), 0.5, 1 / 12),
    "normal": (laws.normal(2), 0.0, 1.0),
    "one hot": (laws.one_hot(4), 0.25, 0.25 * 0.75),
}


@pytest.mark.parametrize("name", LAWS)
def test_laws(name):
    law, mean, variance = LAWS[name]
    points = law.sample(np.random.default_rng(0), 50_000)
    assert points.shape == (50_000, law.columns)
    np.testing.assert_allclose(points.mean(axis=0), mean, atol=0.02)
    np.testing.assert_allclose(points.var(axis=0), variance, atol=0.02)


def test_no_two_streams_are_alike():
    names = [*(set(NUMBERS) - {"real label"}), "mix", "around", "labels", "swap", "category", "encoder start"]
    places = [
        (s, seed, name, *place) for s in (0, 1) for seed in (0, 1) for name in names for place in [(), (0, 1), (1, 0)]
    ]
    firsts = {stream(*place).random() for place in places}
    assert len(firsts) == len(places)
    assert len(set(NUMBERS.values())) == len(NUMBERS) - 1  # labels are of the numbers that their points are of


def test_steps_moves_and_seeds_all_differ():
    real = drawn(SOURCE, 0, BLOCK + 1)["real"]
    assert len(torch.unique(real)) == real.numel()
    other = drawn(SOURCE._replace(scenario_seed=4), 0, BLOCK + 1)["real"]
    assert len(torch.unique(torch.cat((real, other)))) == 2 * real.numel()


def test_first_parameters_are_each_seeds_own():
    two = starts(3, [0, 7], "critic", lambda rng: rng.random(5))
    np.testing.assert_array_equal(two[1:], starts(3, [7], "critic", lambda rng: rng.random(5)))
    assert (two[0] != two[1]).all()
    assert (two != starts(4, [0, 7], "critic", lambda rng: rng.random(5))).all()
    assert (two != starts(3, [0, 7], "generator", lambda rng: rng.random(5))).all()


# --- fixed lists of points ------------------------------------------------------------------------------------------

TABLE = np.arange(2 * 300, dtype=float).reshape(300, 2)
EPOCHS = SOURCE._replace(epochs=TABLE)


def seen(source: Randomness, steps: int) -> np.ndarray:
    """The rows of the table that each move and seed sees, in their order: [moves, seed, steps * batch]."""
    real = drawn(source, 0, steps)["real"].numpy()
    assert (real[..., 1] == real[..., 0] + 1).all()
    return (real[..., 0] / 2).astype(int).transpose(1, 2, 0, 3).reshape(source.moves, len(source.seeds), -1)


def test_in_epochs_every_point_comes_once_before_any_comes_again():
    rows = seen(EPOCHS, 3 * 300 // SOURCE.batch)
    for move in range(SOURCE.moves):
        for seed in range(len(SOURCE.seeds)):
            epochs = rows[move, seed].reshape(3, 300)
            assert all(sorted(epoch) == list(range(300)) for epoch in epochs)
            assert not any((one == other).all() for one, other in [(epochs[0], epochs[1]), (epochs[1], epochs[2])])
    first = rows[:, :, :300].reshape(-1, 300)
    assert len(np.unique(first, axis=0)) == len(first)  # each move and seed in an order of its own


@pytest.mark.parametrize("start", [1, BLOCK, 2 * BLOCK + 5])
def test_a_run_that_goes_on_goes_on_in_its_epoch(start):
    whole = drawn(EPOCHS, 0, start + BLOCK + 1)
    assert same(drawn(EPOCHS, start, BLOCK + 1), cut(whole, slice(start, None)))
    assert same(drawn(EPOCHS._replace(moves=2), 0, 3), cut(drawn(EPOCHS, 0, 3), slice(None), [0, -1]))
    assert torch.equal(drawn(EPOCHS, 0, 3)["latent"], drawn(SOURCE, 0, 3)["latent"])


def fixed(**training: object) -> Randomness:
    changes = [("training.batch", 8), *((f"training.{key}", value) for key, value in training.items())]
    return simulation(read("eight-gaussians", "gan", changes)).source


@pytest.mark.parametrize("reuse", ["epochs", "replacement"])
def test_a_fixed_data_set_is_all_there_is(reuse):
    """The same few points for every seed and step; more seeds and another method change none of them."""
    source = fixed(data=20, reuse=reuse, seeds=2)
    real = drawn(source, 0, 30)["real"]
    points = np.unique(real.numpy().reshape(-1, 2), axis=0)
    assert len(points) == 20
    alone = np.unique(drawn(fixed(data=20, reuse=reuse, seeds=[1]), 0, 30)["real"].numpy().reshape(-1, 2), axis=0)
    np.testing.assert_array_equal(points, alone)
    counts = np.unique(real[:, 0, 0].numpy().reshape(-1, 2), axis=0, return_counts=True)[1]
    assert (counts == 12).all() == (reuse == "epochs")  # 240 points are twelve epochs


def test_a_page_draws_from_the_same_list():
    config = read("eight-gaussians", "gan", [("training.data", 20), ("training.batch", 8)])
    table = simulation(config).source.epochs
    assert {tuple(point) for point in pool(config, 300).points} == {tuple(point) for point in table}


def test_without_a_data_set_every_batch_is_new():
    assert fixed().epochs is None
    real = drawn(fixed(), 0, 30)["real"].numpy().reshape(-1, 2)
    assert len(np.unique(real, axis=0)) == len(real)
    assert "data" not in as_data(read("eight-gaussians"))["training"]  # and its config is what it was


def test_reuse_of_nothing_is_refused():
    with pytest.raises(UserError, match="says how the points of a fixed list follow each other"):
        read("eight-gaussians", "gan", [("training.reuse", "epochs")])
