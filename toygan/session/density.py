"""The exact density of a recorded run's last generator, and how far that is from the target (`quantities/density.py`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from toygan.files.config import Config
from toygan.files.mistakes import UserError
from toygan.files.world import build_generator, build_target
from toygan.quantities.density import Pushed, Transform, pushed
from toygan.session.ground import many_points
from toygan.session.recording import Recording
from toygan.session.simulation import on_host
from toygan.targets.target import LogDensity

AT_ONCE = 2048  # latents: what a width of 64 needs stays in the processor's cache
NEEDED = "needs a perceptron of two latent numbers, generator.latent_dim = 2"


class SeenDensity(NamedTuple):
    """What the shown seed's last generator makes, the target's density in the same cells, [g, g], or why there is none."""

    made: Pushed
    target: np.ndarray | None
    no_target: str = ""


def seen_density(recording: Recording) -> SeenDensity:
    """The density of the averaged generator of a recording's shown seed through the run's window, and its divergences, at the
    end; at any other step it is of a recording as it was there (`toygan.session.again`).

    Raises UserError for a generator whose points have no density in the plane or hang on each other, and for a recording
    without `weights.npz`.
    """
    config = recording.config()
    fit_for_density(config)
    row = config.training.seed_list.index(recording.facts.portrait)
    send = sender(config, recording.weights("to make a density of")["average"][row])
    log_p, real, why = target_of(config)
    made = pushed(send, config.generator.latent, (*config.view.x, *config.view.y), log_p, real)
    if not len(made.x):
        raise UserError(f"--view density: {made.why_not}; a normal or uniform latent has one")
    if log_p is None:
        return SeenDensity(made, None, why)
    grid = np.stack(np.meshgrid(made.x, made.y), axis=-1).reshape(-1, 2)
    return SeenDensity(made, np.exp(log_p(grid)).reshape(made.density.shape))


def fit_for_density(config: Config) -> None:
    """UserError for a generator that is no function of two latent numbers alone."""
    generator, method = config.generator, config.method
    cast = getattr(method.cast, "kind", "")
    why = (
        f"this run's generator is {generator.kind}" if generator.kind != "mlp"
        else f"this run's is {generator.latent_dim}" if generator.latent_dim != 2
        else f"this run's is fed with one of {method.categories} categories too" if method.categories
        else "this run's is fed with a class too" if method.labels
        else f"this run's cast is {cast}" if cast in ("generators", "coupled")
        else "with normalisation = 'batch' a point hangs on the others of its batch" if generator.normalisation == "batch"
        else ""
    )  # fmt: skip
    if why:
        raise UserError(f"--view density: {NEEDED}; {why}")


def sender(config: Config, parameters: np.ndarray) -> Transform:
    """A generator with parameters [P] as a function from latents [n, 2] to points [n, 2], in float64."""
    network = build_generator(config).network
    layers = network.layers(torch.from_numpy(parameters[None]).double())

    def send(latents: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(latents[None]).double().split(AT_ONCE, dim=1)
        return np.concatenate([on_host(network.forward(layers, part))[0] for part in parts])

    return send


def target_of(config: Config) -> tuple[LogDensity | None, np.ndarray | None, str]:
    """The target's log-density and many of its points, and why not, where it has no density of its own."""
    try:
        target = build_target(config)
    except (OSError, ValueError) as error:
        return None, None, f"the target is not to be had ({error})"
    density = target.log_density
    if density is None or target.singular or target.density_of:
        return None, None, "the target lies on curves or points: it has no density"
    return (lambda x: density(x, 0.0)), many_points(target, config.training.seed), ""
