"""More of people's code, written anew in the manner of public repositories: losses of labels, of generators and latents, of
dicts; penalties, networks and samplers. The first half is right, the second has errors that public code has.
"""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import autograd, nn


# --- right: losses ---
def wasserstein_loss(y_true, y_pred):  # Keras' order; real -1, generated 1
    return torch.mean(y_true * y_pred)


def keras_bce(y_pred, y_true):
    return F.binary_cross_entropy_with_logits(y_pred, y_true)


def training_losses(D, G, real, z, criterion=nn.BCEWithLogitsLoss()):  # noqa: B008
    fake = G(z)
    out_real, out_fake = D(real), D(fake.detach())
    d_loss = criterion(out_real, torch.ones_like(out_real)) + criterion(out_fake, torch.zeros_like(out_fake))
    out = D(fake)
    return d_loss, criterion(out, torch.ones_like(out))


def losses_by_name(real_logits, fake_logits):
    return {
        "gen_loss": F.softplus(-fake_logits).mean(),
        "disc_loss": F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean(),
    }


def hinge_by_min(logits_real, logits_fake):
    zero = torch.zeros_like(logits_real)
    d_loss = -torch.min(logits_real - 1, zero).mean() - torch.min(-logits_fake - 1, zero).mean()
    return d_loss, -logits_fake.mean()


def ralsgan(d_real, d_fake):
    d_loss = ((d_real - d_fake.mean() - 1) ** 2).mean() + ((d_fake - d_real.mean() + 1) ** 2).mean()
    g_loss = ((d_fake - d_real.mean() - 1) ** 2).mean() + ((d_real - d_fake.mean() + 1) ** 2).mean()
    return d_loss / 2, g_loss / 2


class LSGANLoss(nn.Module):
    def __init__(self, a=0.0, b=1.0, c=1.0):
        super().__init__()
        self.a, self.b, self.c = a, b, c

    def forward(self, d_real, d_fake):
        d_loss = 0.5 * torch.mean((d_real - self.b) ** 2) + 0.5 * torch.mean((d_fake - self.a) ** 2)
        return d_loss, 0.5 * torch.mean((d_fake - self.c) ** 2)


# --- right: penalties ---
def dragan_penalty(D, X, lambda_=10.0, k=1.0):
    alpha = torch.rand(X.size(0), 1)
    noise = 0.5 * X.std() * torch.rand(X.size())
    x_hat = (X + alpha * noise).requires_grad_(True)
    pred = D(x_hat)
    (gradients,) = autograd.grad(pred, x_hat, torch.ones_like(pred), create_graph=True, retain_graph=True)
    return lambda_ * ((gradients.norm(2, dim=1) - k) ** 2).mean()


def compute_grad2(d_out, x_in):
    batch_size = x_in.size(0)
    (grad_dout,) = autograd.grad(d_out.sum(), x_in, create_graph=True, retain_graph=True, only_inputs=True)
    return grad_dout.pow(2).view(batch_size, -1).sum(1).mean()


def lipschitz_penalty(netD, real_data, fake_data):
    alpha = torch.rand(real_data.size(0), 1)
    interpolates = autograd.Variable(real_data.data + alpha * (fake_data.data - real_data.data), requires_grad=True)
    (slopes,) = autograd.grad(netD(interpolates).sum(), interpolates, create_graph=True)
    return torch.clamp(slopes.norm(2, dim=1) - 1.0, min=0.0).pow(2).mean()


# --- right: networks and samplers ---
class SNDiscriminator(nn.Module):
    def __init__(self, in_dim=2, hidden_dim=32):
        super().__init__()
        self.main = nn.Sequential(
            nn.utils.spectral_norm(nn.Linear(in_dim, hidden_dim)),
            nn.LeakyReLU(0.1),
            nn.utils.spectral_norm(nn.Linear(hidden_dim, 1)),
        )

    def forward(self, x):
        return self.main(x).squeeze(1)


class ResidualGenerator(nn.Module):
    def __init__(self, z_dim, out_dim, width=16):
        super().__init__()
        self.first, self.last = nn.Linear(z_dim, width), nn.Linear(width, out_dim)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(2))

    def forward(self, z):
        h = F.silu(self.first(z))
        for block in self.blocks:
            h = h + F.silu(block(h))
        return self.last(h)


def sample_checkerboard(batch_size, rng):
    x1 = rng.uniform(size=batch_size) * 4 - 2
    x2 = rng.uniform(size=batch_size) - rng.integers(0, 2, size=batch_size) * 2 + np.floor(x1) % 2
    return np.stack([x1, x2], axis=1) * 2


def weighted_mixture(n, rng, std=0.05):
    centres = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.5]])
    which = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    return centres[which] + std * rng.standard_normal((n, 2)), which


# --- wrong: losses ---
def labels_exchanged(d_real, d_fake):
    d_loss = F.binary_cross_entropy_with_logits(d_real, torch.zeros_like(d_real))
    d_loss = d_loss + F.binary_cross_entropy_with_logits(d_fake, torch.ones_like(d_fake))
    return d_loss, F.binary_cross_entropy_with_logits(d_fake, torch.zeros_like(d_fake))


def wasserstein_distance(real, fake):
    return -(real.mean() - fake.mean()).abs(), -fake.mean()


def squashed_twice(real_out, fake_out):
    bce = nn.BCEWithLogitsLoss()
    p, q = torch.sigmoid(real_out), torch.sigmoid(fake_out)
    return bce(p, torch.ones_like(p)) + bce(q, torch.zeros_like(q)), bce(q, torch.ones_like(q))


def hinge_one_sign(real, fake):
    return F.relu(1 - real).mean() + F.relu(1 - fake).mean(), -fake.mean()


def saturating_sign(D, real, fake):
    d_loss = -F.logsigmoid(D(real)).mean() - F.logsigmoid(-D(fake)).mean()
    return d_loss, -F.logsigmoid(-D(fake)).mean()


def half_forgotten(D, G, real, z):
    out_real, out_fake = D(real), D(G(z).detach())
    d_loss = F.softplus(-out_real).mean() + F.softplus(out_fake).mean()
    return d_loss, F.softplus(-out_fake).mean()  # of the detached scores


# --- wrong: penalties ---
def squared_mean(D, real, fake):
    eps = torch.rand(real.size(0), 1)
    x = (eps * real + (1 - eps) * fake).requires_grad_(True)
    (g,) = autograd.grad(D(x).sum(), x, create_graph=True)
    return 10 * (g.norm(2, dim=1).mean() - 1) ** 2


def negative_penalty(D, real, fake):
    x = real.detach().requires_grad_(True)
    (g,) = autograd.grad(D(x).sum(), x, create_graph=True)
    return -5 * g.square().sum(1).mean()


def detached_penalty(netD, real_data, fake_data, LAMBDA=0.1):
    alpha = torch.rand(real_data.size(0), 1)
    x = (alpha * real_data + (1 - alpha) * fake_data).requires_grad_(True)
    (g,) = autograd.grad(netD(x).sum(), x, create_graph=True)
    return LAMBDA * ((g.data.norm(2, dim=1) - 1) ** 2).mean()


# --- wrong: networks and samplers ---
class MeanDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.net(x).mean()


class SoftmaxDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1), nn.Softmax(dim=1))

    def forward(self, x):
        return self.net(x)


class StandardisingDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.net((x - x.mean(dim=0, keepdim=True)) / (x.std(dim=0, keepdim=True) + 1e-8))


class ReluGenerator(nn.Module):
    def __init__(self, latent_dim, output_dim):
        super().__init__()
        dims = [latent_dim, 32, 32, output_dim]
        layers = []
        for a, b in pairwise(dims):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.model = nn.Sequential(*layers)

    def forward(self, z):
        return self.model(z)


def third_of_a_ring(n, rng):
    angles = 2 * np.pi * rng.integers(8, size=n) / 8
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.02 * rng.standard_normal((n, 2))
    return points[points[:, 0] > 0.5]


def scaled_to_its_largest(batch_size, random_state=0):
    rng = np.random.RandomState(random_state)
    data = rng.randn(batch_size, 2)
    return data / np.abs(data).max()


def penalty_mean_inside(D, real, fake):
    eps = torch.rand(real.shape[0], 1)
    x = (eps * real + (1 - eps) * fake).requires_grad_(True)
    g = torch.autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return 10 * (g.pow(2).sum(1).mean().sqrt() - 1) ** 2


def clip_weights(D, real, fake):
    for m in D.modules():
        if isinstance(m, nn.Linear):
            m.weight.data.clamp_(-0.01, 0.01)
    return torch.zeros(())


def nowhere_loss(d_real, d_fake):
    return (d_fake.mean() - d_real.mean()).detach(), -d_fake.mean()


def mean_distance(points, real):
    return np.linalg.norm(points[:, None] - real[None], axis=-1).min(axis=1).mean()


def paired_distance(points, real):
    return np.linalg.norm(points - real, axis=1).mean()


def by_subset(points, real):
    return points[np.random.permutation(len(points))[:50]].std() / real.std()  # noqa: NPY002  (theirs)


def constant_measure(points, real):
    return len(points) / len(real)
