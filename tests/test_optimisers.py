"""Every optimiser against torch's own, in float64."""

from functools import partial

import pytest
import torch
from conftest import facts_of, numbers

from toygan.game.optimisers import OPTIMISERS, SCHEDULES

BETAS, RATE = (0.3, 0.95), 0.05
TORCH = {
    "adam": partial(torch.optim.Adam, lr=RATE, betas=BETAS, eps=1e-8),
    "rmsprop": partial(torch.optim.RMSprop, lr=RATE, alpha=BETAS[1], eps=1e-8),
    "descent": partial(torch.optim.SGD, lr=RATE),
}
names = pytest.mark.parametrize("name", OPTIMISERS)


@names
@pytest.mark.parametrize("size", [1.0, 1e-8, 0.0])
def test_moves_are_torchs(name, size):
    # Gradients as small as epsilon show where it is added; a gradient of zero shows that nothing divides by it.
    theirs = torch.nn.Parameter(numbers(2, 5))
    torchs = facts_of(TORCH, name, "TORCH in tests/test_optimisers.py")([theirs])
    optimiser = OPTIMISERS[name](BETAS)
    ours, slots = theirs.detach().clone(), (torch.zeros(2, 5, dtype=torch.float64),) * optimiser.slots
    for t in range(1, 21):
        theirs.grad = size * numbers(2, 5, seed=t)
        ours, slots = optimiser.move(ours, theirs.grad.clone(), slots, t, RATE)
        torchs.step()
        torch.testing.assert_close(ours, theirs.detach(), rtol=0, atol=1e-12)


@names
def test_moves_change_nothing_in_place_and_mix_no_seeds(name):
    optimiser = OPTIMISERS[name](BETAS)
    parameters, gradient, slots = (
        numbers(3, 4),
        numbers(3, 4, seed=1),
        (numbers(3, 4, seed=2).square(),) * optimiser.slots,
    )
    before = [tensor.clone() for tensor in (parameters, gradient, *slots)]
    moved = optimiser.move(parameters, gradient, slots, 2, RATE)
    assert all(map(torch.equal, (parameters, gradient, *slots), before))
    alone = optimiser.move(parameters[1:2], gradient[1:2], tuple(slot[1:2] for slot in slots), 2, RATE)
    assert torch.equal(alone.parameters, moved.parameters[1:2])
    assert all(torch.equal(one, many[1:2]) for one, many in zip(alone.slots, moved.slots, strict=True))


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_the_formula(name):
    pace = facts_of(
        {"constant": lambda x: 1, "linear": lambda x: 1 - x}, name, "the schedules in tests/test_optimisers.py"
    )
    assert [float(SCHEDULES[name](torch.tensor(x))) for x in (0.0, 0.25, 1.0)] == [pace(x) for x in (0, 0.25, 1)]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_it_is_said_which_betas_an_optimiser_uses_and_whether_epsilon(name):
    """Another beta or epsilon is another move just where its row says so."""
    start, gradient = numbers(2, 5), numbers(2, 5, seed=1)

    def moved(betas, epsilon=1e-8):
        optimiser = OPTIMISERS[name](betas, epsilon)
        slots = tuple(numbers(2, 5, seed=3).square() for _ in range(optimiser.slots))
        return optimiser.move(start, gradient, slots, 2, 0.1).parameters

    usual = moved((0.0, 0.9))
    others = moved((0.5, 0.9)), moved((0.0, 0.99)), moved((0.0, 0.9), 0.1)
    assert tuple(not bool((usual == other).all()) for other in others) == OPTIMISERS[name](BETAS).uses
