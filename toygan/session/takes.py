"""The folder of a training loop that is recorded: what is kept of each seed while the loop goes on, stacked at the end.

Every seed has a place of its own in `partial/`, kept as a run's frames are: each appears by rename, with its measures, and
the state that tells what was kept before it. So a loop that is killed at any moment leaves all that was recorded, and one
that is begun again with the same settings goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from toygan.files.config import deciding, differing
from toygan.files.disk import write_aside
from toygan.files.mistakes import UserError
from toygan.session import folder as folders
from toygan.session.facts import RECORDED
from toygan.session.ground import first_step

NOT_SAID, CHANGED = "", "changed"  # latents that were not given, and such as were not the same at every frame
FIRST = ("samples", "diverged")  # arrays that every frame has
ELSEWHERE = "choose another folder, or replace it with fresh=True"


@dataclass
class Take:
    """What was recorded of one seed: its place, the trail of what is kept there, the steps; which losses were given, whether
    a critic was, and the digest of the latents. `last` is the last step of this session, -1 before it.
    """

    seed: int
    place: Path
    past: folders.Trail
    steps: list[int] = field(default_factory=list)
    losses: tuple[str, ...] = ()
    critic: bool | None = None
    latents: str = NOT_SAID
    last: int = -1

    def state(self) -> dict[str, np.ndarray]:
        """What is to be known of it when it goes on."""
        return {
            "step": np.array(self.steps[-1]),
            "steps": np.array(self.steps),
            "losses": np.array(self.losses, dtype="U"),
            "critic": np.array(bool(self.critic)),
            "latents": np.array(self.latents),
        }


def earlier_session(folder: Path, config: Mapping[str, Any], inputs: Mapping[str, str], fresh: bool) -> dict[str, Any]:
    """The facts of an earlier session of this very recording, none where there was none. UserError for a folder that holds
    a finished recording, one with other settings, or a run.
    """
    folders.keep_clear(folder)
    if fresh:
        folders.clear(folder)
    known = folders.earlier(folder)
    if not known:
        shutil.rmtree(folder / "partial", ignore_errors=True)
        return {}
    if known["config"].get("kind") != RECORDED:
        raise UserError(f"{folder}: holds a run that toygan played; {ELSEWHERE}")
    then = {**known["config"], "training": {**(known["config"].get("training") or {}), "points": None}}
    differences = differing({**config, "training": {**config["training"], "points": None}}, then)
    differences += ["the real points have changed since"] if known.get("inputs", {}) != inputs else []
    if differences:
        told = "".join(f"\n    {line}" for line in differences)
        raise UserError(f"{folder}: holds a recording with other settings{told}\n    fresh=True replaces it")
    if known["status"] in folders.FINISHED:
        raise UserError(f"{folder}: holds a finished recording; {ELSEWHERE}")
    return known


def origin_of(config: Mapping[str, Any], inputs: Mapping[str, str]) -> bytes:
    """The digest of what decides what a frame's measures are."""
    return folders.digest(json.dumps([deciding(config), sorted(inputs.values())], sort_keys=True).encode())


def taken(folder: Path, seed: int, origin: bytes) -> Take:
    """What was recorded of a seed so far, nothing as yet among it. UserError where it is damaged."""
    take = Take(seed, folder / "partial" / f"seed-{seed}", folders.Trail(origin, [], []))
    (take.place / "partial").mkdir(parents=True, exist_ok=True)
    if not (take.place / "partial" / "state.npz").exists():
        (take.place / "metrics.jsonl").unlink(missing_ok=True)
        return take
    try:
        state, lines = folders.traced(take.place, take.past)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{take.place}: what was recorded of it is damaged ({error}); fresh=True begins anew") from None
    write_aside(take.place / "metrics.jsonl", b"".join(lines))
    take.steps, take.losses = state["steps"].tolist(), tuple(state["losses"].tolist())
    take.critic, take.latents = bool(state["critic"]), str(state["latents"])
    return take


def keep_take(take: Take, step: int, frame: Mapping[str, np.ndarray], lines: str) -> None:
    """Keep one frame with its measures."""
    take.steps.append(step)
    try:
        folders.keep(take.place, take.past, step, frame, lines, take.state())
    except BaseException:
        take.steps.remove(step)
        raise


def stacked(takes: Sequence[Take]) -> tuple[dict[str, np.ndarray], bytes]:
    """All seeds' frames at the same steps, [T, S, ...] each and `step [T]`, and the lines of all measures. A seed that was lost
    stays as it was when it was last seen; UserError for one that lacks a step otherwise. Of critics those of the first seeds
    are kept, up to the first that has none.
    """
    steps = sorted({step for take in takes for step in take.steps})
    rows = [frames_of(take, steps) for take in takes]
    frames: dict[str, np.ndarray] = {"step": np.array(steps)}
    for name in rows[0]:
        having = next((s for s, row in enumerate(rows) if name not in row), len(rows))
        frames[name] = np.concatenate([row[name] for row in rows[:having]], axis=1)
    return frames, b"".join((take.place / "metrics.jsonl").read_bytes() for take in takes)


def frames_of(take: Take, steps: Sequence[int]) -> dict[str, np.ndarray]:
    """A seed's frames at these steps: [T, 1, ...] each."""
    kept = folders.kept_frames(take.place, take.steps)
    lost = first_step(np.array(take.steps), kept["diverged"][:, 0])
    missing = [step for step in steps if step not in take.steps]
    if missing and (lost is None or missing[0] < take.steps[-1]):
        raise UserError(
            f"{take.place.parent.parent}: seed {take.seed} has no frame at step {missing[0]}, which another seed has; record "
            "the same steps of every seed (nothing is lost: open the recorder again and go on)"
        )
    again = np.searchsorted(take.steps, steps, side="right") - 1
    return {name: values[again] for name, values in kept.items()}
