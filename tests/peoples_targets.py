"""Samplers and generators as people publish them, written anew: the first half is right, the second has known errors."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal


# --- right samplers ---
def eight_gaussians(rng, n, std=0.02, radius=2.0):
    angles = 2 * np.pi * rng.integers(8, size=n) / 8
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1) + std * rng.standard_normal((n, 2))


def labelled(rng, n, modes=5, sigma=0.05):
    k = rng.integers(modes, size=n)
    angles = 2 * np.pi * k / modes
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) + sigma * rng.standard_normal((n, 2)), k


def sample_grid(batch_size, seed=None):
    rng = np.random.RandomState(seed)
    centres = np.array([[x, y] for x in range(-2, 3) for y in range(-2, 3)], float)
    return (centres[rng.randint(25, size=batch_size)] + 0.05 * rng.randn(batch_size, 2)).astype("float32")


def by_torch(n, generator):
    t = 3 * torch.pi * (0.5 + torch.rand(n, generator=generator))
    return torch.stack([t * t.cos(), t * t.sin()], dim=1) / 7.5 + 0.03 * torch.randn(n, 2, generator=generator)


def inf_train_gen(batch_size):  # as in improved_wgan_training: scaled by 1.414 afterwards, from numpy's own stream
    scale = 2.0
    centers = [
        (1, 0),
        (-1, 0),
        (0, 1),
        (0, -1),
        (0.7071, 0.7071),
        (0.7071, -0.7071),
        (-0.7071, 0.7071),
        (-0.7071, -0.7071),
    ]
    while True:
        dataset = []
        for _ in range(batch_size):
            point = np.random.randn(2) * 0.02  # noqa: NPY002
            center = centers[np.random.randint(8)]  # noqa: NPY002
            dataset.append([point[0] + scale * center[0], point[1] + scale * center[1]])
        yield np.array(dataset, dtype="float32") / 1.414


class Moons:
    def __init__(self, noise=0.05):
        self.noise = noise

    def sample(self, n, rng):
        upper = rng.integers(2, size=n)
        t = np.pi * rng.uniform(size=n)
        x = np.where(upper, np.cos(t), 1 - np.cos(t)), np.where(upper, np.sin(t), 0.5 - np.sin(t))
        return np.stack(x, axis=1) + self.noise * rng.standard_normal((n, 2)), upper


def mixture(std):
    angles = torch.arange(8) * torch.pi / 4
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1).double()
    return MixtureSameFamily(Categorical(torch.ones(8)), Independent(Normal(centres, std), 1))


distribution = mixture(0.1)


def by_variance(rng, n, var=0.01):
    return rng.multivariate_normal([0, 0], var * np.eye(2), size=n) + rng.choice([-1.0, 1.0], size=(n, 1))


# --- wrong samplers ---
def linspace_ring(rng, n, std=0.02):
    angles = np.linspace(0, 2 * np.pi, 8)
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres[rng.integers(8, size=n)] + std * rng.standard_normal((n, 2))


def linspace_modes(n, n_modes=8, seed=0):
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, n_modes)
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres[rng.integers(n_modes, size=n)] + 0.03 * rng.standard_normal((n, 2))


def randint_ring(rng, n):
    angles = 2 * np.pi * rng.integers(0, 7, size=n) / 8
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.02 * rng.standard_normal((n, 2))


def loses_points(rng, n, modes=8):
    parts = []
    for k in range(modes):
        angle = 2 * np.pi * k / modes
        parts.append([np.cos(angle), np.sin(angle)] + 0.02 * rng.standard_normal((n // modes, 2)))
    return np.concatenate(parts)


def std_as_variance(rng, n, std=0.02):
    angles = 2 * np.pi * rng.integers(8, size=n) / 8
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres + rng.multivariate_normal([0, 0], std * np.eye(2), size=n)


def variance_as_std(rng, n, variance=0.05):
    angles = 2 * np.pi * rng.integers(8, size=n) / 8
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + rng.normal(0, variance, size=(n, 2))


def squared_std(n, seed, sigma=0.3):
    rng = np.random.default_rng(seed)
    return rng.choice([-1.0, 1.0], size=(n, 2)) + rng.normal(0, sigma**2, size=(n, 2))


def standardised_batch(rng, n):
    x = 3 + rng.standard_normal((n, 2))
    return (x - x.mean(0)) / x.std(0)


def same_again(n):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 2))


def global_besides(rng, n):
    return rng.standard_normal((n, 2)) + 0.1 * np.random.randn(n, 2)  # noqa: NPY002


def seeds_numpy(n, seed=0):
    np.random.seed(seed)  # noqa: NPY002
    return np.random.randn(n, 2)  # noqa: NPY002


def swapped_axes(rng, n):
    return rng.standard_normal((2, n))


def shuffled_apart(rng, n):
    k = rng.integers(4, size=n)
    points = np.stack([np.cos(np.pi * k / 2), np.sin(np.pi * k / 2)], axis=1) + 0.05 * rng.standard_normal((n, 2))
    rng.shuffle(points)
    return points, k


def pixels(rng, n):
    return rng.uniform(0, 255, size=(n, 2))


def gaps(rng, n):
    x = rng.standard_normal((n, 2))
    x[::10] = np.nan
    return x


class SumDensity:
    def sample(self, n, rng):
        return distribution.sample((n,)) + 0 * torch.from_numpy(rng.standard_normal((n, 2)))

    def log_prob(self, x):
        return distribution.log_prob(x) + np.log(8)


class WiderSample:
    def sample(self, n, seed):
        torch.manual_seed(seed)
        return mixture(0.1**0.5 / 2).sample((n,))

    def log_prob(self, x):
        return distribution.log_prob(x)


# --- right generators ---
class Generator(nn.Module):
    def __init__(self, latent_dim=2, hidden=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, 2))

    def forward(self, z):
        return self.net(z)


class BatchNormGenerator(nn.Module):
    def __init__(self, nz, ngf):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(nz, ngf), nn.BatchNorm1d(ngf), nn.ReLU(True), nn.Linear(ngf, 2))

    def forward(self, noise):
        return self.main(noise)


generator = nn.Sequential(nn.Linear(100, 8), nn.Tanh(), nn.Linear(8, 2), nn.Tanh())


def affine_generator(z):
    return z[:, :2] * 0.5 + 1


# --- wrong generators ---
class ListGenerator(nn.Module):
    def __init__(self, dims=(2, 16, 16, 2)):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in pairwise(dims)]

    def forward(self, z):
        for layer in self.layers[:-1]:
            z = torch.relu(layer(z))
        return self.layers[-1](z)


class NormalisedGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 16), nn.Linear(16, 2)

    def forward(self, z):
        h = torch.relu(self.first(z))
        h = (h - h.mean(dim=0)) / (h.std(dim=0) + 1e-5)
        return self.last(h)


class OwnNoise(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, z):
        return self.net(torch.randn_like(z))


class DetachedGenerator(Generator):
    def forward(self, z):
        return self.net(z).detach()


class SqueezedGenerator(Generator):
    def forward(self, z):
        return self.net(z).squeeze()


class DeadGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
        nn.init.zeros_(self.net[2].weight)

    def forward(self, z):
        return self.net(z)
