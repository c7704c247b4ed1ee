"""Losses, penalties and critics as people publish them, written anew: the first half is right, the second has known errors."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import autograd, nn

bce = nn.BCEWithLogitsLoss()


# --- right ---
def d_loss_bce(D, real, fake):
    r, f = D(real), D(fake)
    return bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))


def prob_loss(d_real, d_fake):
    return -(torch.log(d_real) + torch.log(1 - d_fake)).mean(), -torch.log(d_fake).mean()


def bce_prob(real_validity, fake_validity):
    bce_of = nn.BCELoss()
    one, zero = torch.ones_like(real_validity), torch.zeros_like(fake_validity)
    return (bce_of(real_validity, one) + bce_of(fake_validity, zero)) / 2, bce_of(fake_validity, one)


def wgan(real, fake):
    return fake.mean() - real.mean(), -fake.mean()


def hinge_flat(real_scores, fake_scores):
    return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean(), -fake_scores.mean()


def gradient_penalty(D, real, fake, lambda_gp=10):
    alpha = torch.rand(real.size(0), 1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    out = D(x)
    g = autograd.grad(out, x, torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    return lambda_gp * ((g.norm(2, dim=1) - 1) ** 2).mean()


def r1_penalty(D, real, fake):
    real = real.detach().requires_grad_(True)
    out = D(real).sum()
    (g,) = autograd.grad(out, real, create_graph=True)
    return 5 * g.pow(2).sum(1).mean()


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.LayerNorm(16), nn.Linear(16, 1))

    def forward(self, x):
        return self.net(x)


def smooth(real, fake):
    y = torch.full_like(real, 0.9)
    return bce(real, y) + bce(fake, torch.zeros_like(fake)), bce(fake, torch.ones_like(fake))


def generator_loss(fake_scores):
    return F.softplus(-fake_scores).mean()


def relativistic_average(r, f):
    return bce(r - f.mean(), torch.ones_like(r)) + bce(f - r.mean(), torch.zeros_like(f)), bce(
        f - r.mean(), torch.ones_like(f)
    ) + bce(r - f.mean(), torch.zeros_like(r))


def penalty_of_arguments(real_data, fake_data, discriminator, device, lambda_gp):
    alpha = torch.rand(len(real_data), 1, device=device).expand_as(real_data)
    x = torch.autograd.Variable(alpha * real_data + (1 - alpha) * fake_data, requires_grad=True)
    out = discriminator(x)
    g = autograd.grad(out, x, grad_outputs=torch.ones(out.size()).to(device), create_graph=True)[0]
    return ((g.norm(2, dim=1) - 1) ** 2).mean() * lambda_gp


def one_sided(sight):
    lengths = (sight.real_slopes().square().sum(dim=2) + 1e-30).sqrt()
    return 10 * (lengths - 1).relu().square().mean(dim=1)


def critic_of_points(x):
    return x.square().sum(dim=1, keepdim=True)


def takes_numbers_out(real, fake):
    return F.relu(1 - real).mean() + max(0.0, float(fake.detach().mean())) * fake.mean(), -fake.mean()


def of_modules(D, real_imgs, gen_imgs):
    valid, fake = torch.ones(real_imgs.size(0), 1), torch.zeros(real_imgs.size(0), 1)
    adversarial_loss = nn.BCELoss()
    return (adversarial_loss(D(real_imgs), valid) + adversarial_loss(D(gen_imgs), fake)) / 2


class GANLoss(nn.Module):
    def __init__(self, target_real_label=1.0, target_fake_label=0.0):
        super().__init__()
        self.register_buffer("real_label", torch.tensor(target_real_label))
        self.register_buffer("fake_label", torch.tensor(target_fake_label))
        self.loss = nn.MSELoss()

    def forward(self, prediction, target_is_real):
        target = self.real_label if target_is_real else self.fake_label
        return self.loss(prediction, target.expand_as(prediction))


class HingeLoss(nn.Module):
    def forward(self, real_logits, fake_logits):
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()


def d_r1_loss(real_pred, real_img):
    (grad_real,) = autograd.grad(outputs=real_pred.sum(), inputs=real_img, create_graph=True)
    return grad_real.pow(2).reshape(grad_real.shape[0], -1).sum(1).mean()


def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = torch.tensor(np.random.random((real_samples.size(0), 1)))  # noqa: NPY002
    x = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    ones = torch.Tensor(real_samples.shape[0], 1).fill_(1.0)
    g = autograd.grad(outputs=D(x), inputs=x, grad_outputs=ones, create_graph=True, retain_graph=True)[0]
    return ((g.view(g.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()


sequential = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))


# --- wrong ---
def no_loss(real, fake):
    return "a loss"


def generator_upside_down(real, fake):
    return F.softplus(-real).mean() + F.softplus(fake).mean(), F.softplus(fake).mean()


def mixes_seeds(r, g):
    return F.softplus(-r).mean(dim=(1, 2)) + F.softplus(g).mean().expand(len(g)), F.softplus(-g).mean(dim=(1, 2))


def root_of_zero(real, fake):
    return F.relu(1 - real).mean() + (fake - fake).pow(2).sqrt().mean() + F.relu(1 + fake).mean(), -fake.mean()


def seeds_torch(real, fake):
    torch.manual_seed(1)
    noise = 0.01 * torch.randn(1).item()
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean() + 0 * noise, -fake.mean()


def ls_flipped(real, fake):
    return 0.5 * (real**2).mean() + 0.5 * ((fake - 1) ** 2).mean(), 0.5 * (fake**2).mean()


def one_minus(real, fake):
    return -F.logsigmoid(real).mean() - F.logsigmoid(1 - fake).mean(), -F.logsigmoid(fake).mean()


def half_smooth(real, fake):
    return 0.9 * bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake)), bce(fake, torch.ones_like(fake))


def wgan_upside_down(real, fake):
    return real.mean() - fake.mean(), fake.mean()


def summed(real, fake):
    return F.relu(1 - real).sum() + F.relu(1 + fake).sum(), -fake.sum()


def naive_log(real, fake):
    return -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean(), -torch.log(
        torch.sigmoid(fake)
    ).mean()


def detached(real, fake):
    return F.softplus(-real).mean() + F.softplus(fake).mean(), F.softplus(-fake.detach()).mean()


def unreduced(real, fake):
    return F.softplus(-real) + F.softplus(fake), F.softplus(-fake)


def gp_whole_batch(D, real, fake, lambda_gp=10):
    alpha = torch.rand(real.size(0), 1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return lambda_gp * (g.norm(2) - 1) ** 2


def gp_wrong_axis(D, real, fake, lambda_gp=10):
    alpha = torch.rand(real.size(0), 1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return lambda_gp * ((g.norm(2, dim=0) - 1) ** 2).mean()


def gp_sqrt(D, real, fake):
    alpha = torch.rand(real.size(0), 1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return 10 * ((g.pow(2).sum(1).sqrt() - 1) ** 2).mean()


def gp_no_graph(D, real, fake):
    alpha = torch.rand(real.size(0), 1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).sum(), x)[0]
    return 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()


def gp_one_alpha(D, real, fake):
    alpha = torch.rand(1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()


def gp_box(D, real, fake):
    alpha = torch.rand_like(real)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()


def gp_mean_score(D, real, fake):
    alpha = torch.rand(real.size(0), 1, dtype=real.dtype)
    x = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    g = autograd.grad(D(x).mean(), x, create_graph=True)[0]
    return 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()


def gp_step(D, real, fake):
    opt = torch.optim.SGD(D.parameters(), lr=0.1)
    loss = gradient_penalty(D, real, fake)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


def gp_reseeds(D, real, fake):
    torch.manual_seed(0)
    return gradient_penalty(D, real, fake)


class BatchNormed(nn.Module):
    def __init__(self, in_dim, hidden=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_dim, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x):
        return self.net(x)


class Dropped(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.Dropout(0.3), nn.LeakyReLU(), nn.Linear(16, 1), nn.Sigmoid())

    def forward(self, x):
        return self.net(x)


class NeedsMore(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.net = nn.Sequential(*blocks)

    def forward(self, x):
        return self.net(x)


class GANLossFlipped(GANLoss):
    def __init__(self):
        super().__init__(target_real_label=0.0, target_fake_label=1.0)


class NormalisedWrongly(nn.Module):
    def __init__(self, input_dim=2, hidden_dim=8):
        super().__init__()
        self.first, self.last = nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, 1)

    def forward(self, x):
        h = self.first(x)
        h = (h - h.mean(0)) / (h.std(0) + 1e-5)
        return self.last(torch.relu(h)).squeeze(-1)


def r1_sum(real_pred, real_img):
    (grad_real,) = autograd.grad(outputs=real_pred.sum(), inputs=real_img, create_graph=True)
    return grad_real.pow(2).sum()


def gp_with_labels(critic, real, fake, labels):
    return critic(real).mean()
