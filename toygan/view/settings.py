"""Which settings of a run are not the usual ones, in words people use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toygan.game.methods import METHODS
from toygan.game.zoo import ZOO
from toygan.session.recording import Recording
from toygan.view.apart import flat, setting_in_words

ROWS: dict[str, dict[str, Any]] = {**METHODS, **ZOO}
TOLD = ("both rates", "method", "training", "generator", "critic")  # tables about how a run is played, in order
ELSEWHERE = {  # beside what is looked at; in the method's name and formula: see `replaced`
    *(f"training.{key}" for key in ("steps", "seed", "seeds", "frames", "points", "portraits")),
    *(f"method.{part}.kind" for part in ("objective", "constraint")),
}
RATES = "method.critic_rate", "method.generator_rate"
CAST = "method.cast."
MOST = 12  # settings in a line


def settings_line(recording: Recording) -> str:
    """The settings of a run that are not the usual ones, in one line; empty for a run whose config is not known."""
    config = flat(recording.facts.config)
    if recording.facts.is_recorded:
        objective = config.get("method.objective.kind")
        owner = f" Objective, as its owner tells: {objective}." if objective else ""
        return f"Recorded from a training loop, which toygan did not play.{owner}"
    if not any(key.startswith("method.") for key in config):
        return ""
    told = [*replaced(recording.facts.method, recording.facts.config["method"]), *settings_in_words(config)]
    few = [*told[:MOST], *[f"{len(told) - MOST} more"] * (len(told) > MOST)]
    return f"Settings: {', '.join(few)}; all else as usual." if few else "Settings: all as usual."


def replaced(name: str, method: Mapping[str, Any]) -> list[str]:
    """Objective and constraint of a run in words, where the shipped method whose name and formula it bears has others."""
    row = shipped_row(name, method)
    if row is None:
        return []
    played, shipped = flat({"method": method}), {"method.constraint.kind": "none"} | flat({"method": row})
    keys = ("method.objective.kind", "method.constraint.kind")
    return [setting_in_words(spoken(key), played[key]) for key in keys if played.get(key, shipped[key]) != shipped[key]]


def shipped_row(name: str, method: Mapping[str, Any]) -> dict[str, Any] | None:
    """The shipped method whose name and formula a run bears; none for a method of the user's own."""
    row = ROWS.get(name)
    return row if row is not None and method.get("formula") == row["formula"] else None


def is_changed(name: str, method: Mapping[str, Any]) -> bool:
    """Whether a run's method is a shipped one but for a setting that its formula tells or would tell: not as shipped or usual."""
    row = shipped_row(name, method)
    if row is None:
        return False
    played, shipped = flat({"method": method}), flat({"method": row})
    counted = [key for key in played if key.split(".")[1] not in BESIDE and not key.endswith(".kind")]
    counted += [key for key in ("method.also.kind", "method.update.kind", "method.cast.kind") if key in played]
    usual = USUAL | FILLED_IN
    others = any(plain(played[key]) != plain(shipped.get(key, usual_of(key, played, usual))) for key in counted)
    return others or bool(replaced(name, method))


def settings_in_words(config: Mapping[str, Any]) -> list[str]:
    """The settings of a flat config that are not the usual ones, the method's first, each in words."""
    unusual = {key: value for key, value in config.items() if tells(key, value, config)}
    if len({unusual.get(key) for key in RATES}) == 1 and RATES[0] in unusual:
        unusual = {"both rates" if key == RATES[0] else key: value for key, value in unusual.items() if key != RATES[1]}
    order = sorted(unusual, key=lambda key: max(TOLD.index(key.partition(".")[0]), 1))
    cast = {key: unusual[key] for key in order if key.startswith(CAST)}
    return [
        cast_in_words(cast) if key == f"{CAST}kind" else setting_in_words(spoken(key), unusual[key])
        for key in order
        if key not in cast or key == f"{CAST}kind"
    ]


def cast_in_words(cast: Mapping[str, Any]) -> str:
    """Who plays besides one critic and one generator, and how, as one setting: `cast critics (number 3, sharpness 1)`."""
    kind = setting_in_words(f"{CAST}kind", cast[f"{CAST}kind"])
    how = [setting_in_words(key.replace(CAST, "method."), value) for key, value in cast.items() if key != f"{CAST}kind"]
    return f"{kind} ({', '.join(how)})" if how else kind


def tells(key: str, value: Any, config: Mapping[str, Any]) -> bool:
    table, _, last = key.rpartition(".")
    if key.partition(".")[0] not in TOLD or key in ELSEWHERE:
        return False
    if last == "path" and ":" in str(config.get(f"{table}.kind")):  # of own code, in the command
        return False
    return bool(plain(value) != usual_of(key, config, USUAL))


def usual_of(key: str, config: Mapping[str, Any], usual: Mapping[str, Any]) -> Any:
    """What a key of a flat config is in a table of what is usual; an ellipsis where nothing is."""
    table, _, last = key.rpartition(".")
    kind = config.get(f"{table}.kind")
    return next((usual[name] for name in (key, f"{kind}.{last}", f"*.{last}") if name in usual), ...)


def plain(value: Any) -> Any:
    """A value that compares with one from a file."""
    return list(value) if isinstance(value, tuple) else value


def spoken(key: str) -> str:
    """A key as its words are made of it: an objective's settings need no word more."""
    return WORDS.get(key, key.replace("method.objective.", "method."))


WORDS = {
    "method.objective.kind": "method.objective",
    "method.objective.trick": "method.the f-GAN trick",
    "method.constraint.weight": "penalty weight",
    "method.constraint.target": "slope wanted",
    "method.constraint.bound": "weights bounded at",
    "method.constraint.lipschitz": "method.Lipschitz constant",
    "method.constraint.sides": "method.penalised sides",
    "method.constraint.at": "penalty at",
    "method.update.ahead": "method.moves ahead",
    "method.also.kind": "method.and also",
    "method.ema": "method.average of generators",
    "method.pack": "method.points judged at once",
    "method.head_start": "method.critic's head start",
    "method.update.kind": "method.moves",
    "method.betas": "method.Adam's betas",
    "method.epsilon": "method.optimiser's epsilon",
}

# What a run has unless its scenario or its method says otherwise: the fields of `toygan.files.config` and what the parts'
# builders take, to which a test holds this table; to read them there would load torch for every picture. The weight, the
# bound and the constant of a constraint are in none of its rows: they are told always, for they are asked for first.
USUAL: dict[str, Any] = {
    "training.batch": 256,
    "training.precision": "single",
    "method.also.kind": "none",
    "method.update.kind": "alternating",
    "method.critic_steps": 1,
    "method.optimiser": "adam",
    "method.betas": [0.0, 0.9],
    "method.epsilon": 1e-8,
    "method.generator_rate": 4e-3,
    "method.critic_rate": 4e-3,
    "method.schedule": "linear",
    "method.ema": 0.0,
    "method.head_start": 0,
    "method.instance_noise": 0.0,
    "method.noise_schedule": "linear",
    "method.pack": 1,
    "method.noisy_labels": 0.0,
    "method.categories": 0,
    "method.mutual_information": 0.0,
    "gradient-penalty.target": 1.0,
    "gradient-penalty.sides": 2,
    "gradient-penalty.power": 2,
    "gradient-penalty.at": "interpolates",
    "least-squares.fake": 0.0,
    "least-squares.real": 1.0,
    "least-squares.wanted": 1.0,
    "soft-labels.real": [0.7, 1.2],
    "soft-labels.fake": [0.0, 0.3],
    "energy.pulling_away": 0.0,
    "began.gamma": 0.5,
    "began.pace": 1e-3,
    "c-transform.learned": "real",
    "mmd.kernel": "gaussian",
    "mmd.bandwidths": [0.1, 0.3, 1.0, 3.0],
    "mmd.features": 8,
    "cramer.features": 8,
    "*.trick": False,
    "generator.kind": "mlp",
    "*.latent": "normal",
    "*.latent_dim": 2,
    "mlp.output": "linear",
    "mlp.reach": 3.0,
    "critic.kind": "mlp",
    "mlp.width": 64,
    "mlp.depth": 3,
    "mlp.normalisation": "none",
    "mlp.momentum": 0.1,
    "*.activation": "relu",
    "*.initialisation": "he",
    "*.gain": 1.0,
    "autoencoder.width": 64,
    "autoencoder.depth": 2,
    "autoencoder.code": 2,
}
FILLED_IN = {  # by the builders of parts; a sheet tells them always, so that they are not among the usual settings
    "encoder.teaches": "both",
    "equation.turns": 1.0,
    "generators.weight": 1.0,
    "loss-sensitive.margin": 1.0,
    "loss-sensitive.weight": 1.0,
    "margin.margin": 1.0,
    "neighbours.scales": [0.1, 0.5],
    "positive-ratio.weight": 1.0,
    "spectral-norm.lipschitz": 1.0,
    "stages.margin": 2.0,
    "stages.ranking": 1.0,
    "translators.power": 1,
    "uncrowded.weight": 0.05,
    "uncrowded.width": 0.1,
}
BESIDE = {"critic_steps", "generator_rate", "critic_rate", "optimiser", "betas", "epsilon", "schedule", "ema",
          "head_start"}  # of a row, but in no formula  # fmt: skip
