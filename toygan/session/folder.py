"""The folder of a run in the making: claimed by one process, continued where it was left, packed at the end.

While a run plays, `partial/` holds one npz a frame and the last state; each appears by rename, so a kill at any moment
leaves a folder that the same command continues. The state knows the digests of all that was kept before it, so a folder
that was damaged meanwhile is told from one that was not, and played again from the beginning: same command, same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toygan.files.config import Config, as_data, as_toml, deciding, differing
from toygan.files.disk import Arrays, arrays_in, content_of, packed, read_json, unpacked, write_aside, write_json
from toygan.files.mistakes import UserError
from toygan.files.own import Own, own_code, own_tables
from toygan.files.scenario import as_table
from toygan.files.strict import examined
from toygan.session.facts import FACTS, FORMAT, RECORDED, fault_in

FINISHED = ("done", "diverged")
# copies of own code, by the part that it is
OWN_FILES = {
    "objective": "objective.py", "constraint": "constraint.py", "also": "also.py", "update": "rule.py", "target": "target.py",
    "generator": "generator.py", "critic": "critic.py",
} | {f"measure {i}": f"measure-{i}.py" for i in range(1, 9)}  # fmt: skip
PLAY = 3  # raised where random numbers or a kept state are others than before: what was begun then is begun again
OURS = ("run.json", "config.toml", "metrics.jsonl", "frames.npz", "weights.npz", "picture.png", "animation.gif",
        *OWN_FILES.values())  # fmt: skip
# Whose versions decide a run's bytes.
DECIDING = ("python", "toygan", "torch", "numpy", "scipy", "POT", "onnxruntime")


class Busy(UserError):
    """Another process works in the folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make the folder and keep every other process out of it meanwhile; UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"{folder}: cannot be used ({error.strerror}); choose another place with --out") from None
    try:
        shut(lock, folder)
        if not os.access(folder, os.W_OK):
            raise UserError(f"{folder}: cannot be written; choose another place with --out")
        yield
    finally:
        os.close(lock)


def shut(lock: int, folder: Path) -> None:
    """Lock a folder for as long as it is open; the system lets go of it even when the process is killed."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Busy(f"{folder}: another process is running in this folder") from None


def begin(folder: Path, config: Config, facts: Mapping[str, Any], fresh: bool) -> dict[str, Any]:
    """A finished run's facts, or new ones with the seconds spent so far; UserError, with what differs, for another's folder."""
    keep_clear(folder)
    refuse_recorded(folder)
    for name in OURS:  # left half-written by versions of this program in which all processes wrote there
        (folder / f".{name}.part").unlink(missing_ok=True)
    if fresh:
        clear(folder)
    known = agreeing(folder, config, facts)
    if known.get("status") in FINISHED:
        return known
    if not known:
        shutil.rmtree(folder / "partial", ignore_errors=True)  # states of who knows what
    is_begun = (folder / "partial" / "state.npz").exists()
    backend = begun_by(known, facts) if is_begun else facts["backend"]
    facts = {**facts, "seconds": spent(facts["seconds"], known), "backend": backend}
    write_aside(folder / "config.toml", as_toml(config).encode())
    for name, code in own_code(config).items():  # the source of the user's own functions, beside what they did
        write_aside(folder / OWN_FILES[name], code.source)
    write_json(folder / "run.json", facts)
    return facts


def refuse_recorded(folder: Path) -> None:
    """UserError for a folder with a training loop that toygan only recorded: no command would bring that back."""
    try:
        kind = read_json(folder / "run.json")["config"]["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if kind == RECORDED:
        raise UserError(
            f"{folder}: holds a recorded training loop, which toygan cannot play again\n"
            "    remove it by hand, or put this run elsewhere with --out DIR"
        )


def agreeing(folder: Path, config: Config, now: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an earlier start of this very run, if there was one; UserError, with what differs, for another run's."""
    known = earlier(folder)
    if not known:
        return known
    differences = differing(as_data(config), in_full(known["config"]))
    then, untold = as_table(known.get("inputs")), str(getattr(config.source, "path", ""))
    told = {name: found for name, found in now["inputs"].items() if name in then or name != untold}
    differences += other_inputs(then, told)  # once a second world's points were not written down
    if differences:
        raise UserError(
            f"{folder}: holds a run with other settings\n    " + "\n    ".join(differences) + "\n"
            "    --fresh replaces it, --out DIR puts this run elsewhere"
        )
    if known["status"] not in FINISHED and (folder / "partial" / "state.npz").exists():
        refuse_elsewhere(folder, known, now)
    return known


def other_inputs(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is said of files that are not what they were: points, or the source of the user's own functions."""
    changed = [name for name in now if then.get(name) != now[name]]
    code = {name for name in changed if name.endswith(".py") or name.startswith("python:")}
    return [f"{Path(name).name if name in code else 'the points file'} has changed since" for name in changed]


def begun_by(known: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The backend of an earlier start where any will do, else the one that is asked for."""
    return str(known.get("backend", "eager")) if now["backend"] == "auto" else str(now["backend"])


def in_full(config: dict[str, Any]) -> dict[str, Any]:
    """A stored config with the keys that came since it was written, at their defaults."""
    parsed, _ = examined(Config, config)
    return as_data(parsed) if parsed else config


def refuse_elsewhere(folder: Path, known: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with a run that was begun under other versions or on another device: it would end otherwise."""
    begun, here = conditions(known), conditions({**now, "backend": begun_by(known, now)})
    changes = [f"{name}: begun with {begun[name]}, now {here[name]}" for name in here if begun[name] != here[name]]
    if changes:
        raise UserError(
            f"{folder}: holds an unfinished run that would end differently from here\n    " + "\n    ".join(changes)
            + "\n    --fresh plays it from the beginning, --out DIR puts this run elsewhere"
        )  # fmt: skip


def conditions(facts: Mapping[str, Any]) -> dict[str, str]:
    """What besides the config decides a run's bytes: the versions of libraries (Python's without the last number), the device."""
    versions = as_table(facts.get("versions"))
    found = {name: str(versions.get(name)) for name in DECIDING}
    found |= {"device": str(facts.get("device")), "backend": str(facts.get("backend", "eager"))}
    if found["backend"] != "onnx":
        found |= {"onnxruntime": "not used"}
    return found | {"python": ".".join(found["python"].split(".")[:2])}


def spent(none: Mapping[str, float], known: Mapping[str, Any]) -> dict[str, float]:
    """The seconds of an earlier start, by kind of work; none where they make no sense."""
    seconds = as_table(known.get("seconds"))
    is_sane = all(isinstance(seconds.get(work), int | float) and 0 <= seconds[work] < 1e9 for work in none)
    return {work: seconds[work] if is_sane else none[work] for work in none}


def keep_clear(folder: Path) -> None:
    """UserError where a folder has the place of a file that a run lives by, or a file that of its folder."""
    for path in (folder / name for name in (*OURS, "partial")):
        is_drawing = path.suffix in (".png", ".gif")  # these do not keep a run from being played
        if path.exists() and path.is_dir() != (path.name == "partial") and not is_drawing:
            raise UserError(f"{path}: is in the way of this run; move it, or put the run elsewhere with --out DIR")


def changed(folder: Path, facts: Mapping[str, Any]) -> list[str]:
    """The files of a finished run that are not what its facts say they were when it ended."""
    told = as_table(facts.get("digests"))
    return [name for name in OURS if name in told and told[name] != of_file(folder / name)]


def of_file(path: Path) -> str | None:
    """The SHA-256 of a file, in hexadecimal; None where it cannot be read."""
    try:
        return digest(content_of(path)).hex()
    except (OSError, ValueError):
        return None


def digests(config: Config, parts: Sequence[str] | None = None) -> dict[str, str]:
    """The SHA-256 of every file that a config draws from, or that these parts of it do: changed points are another run."""
    worlds = {"target": config.target, "source": config.source}
    paths = {part: getattr(world, "path", None) for part, world in worlds.items() if not isinstance(world, Own)}
    found = [(part, str(path), digest(path.read_bytes()).hex()) for part, path in paths.items() if path]
    for part, code in own_code(config).items():
        found.append((part, code.path if code.path.endswith(".py") else code.kind, code.digest))
    return {name: told for part, name, told in found if parts is None or part.partition(" ")[0] in parts}


def earlier(folder: Path) -> dict[str, Any]:
    """The facts of an earlier start in this folder, none where there was none. Of one that has ended every value is looked
    at; of another one no more is taken than is looked at here and in `agreeing`.
    """
    path = folder / "run.json"
    if not os.path.exists(path):  # nor can it be where the name is too long
        return {}
    try:
        facts = read_json(path)
    except ValueError:
        facts = {}
    is_ours = isinstance(facts, dict) and facts.keys() >= FACTS and isinstance(facts["config"], dict)
    is_ours = is_ours and facts["format"] == FORMAT
    fault = fault_in(facts) if is_ours and facts["status"] in FINISHED else ""
    if not is_ours or fault:
        why = f" ({fault})" if fault else ""
        raise UserError(
            f"{path}: is not the record of a run{why}; --fresh replaces it, --out DIR puts this run elsewhere"
        )
    return facts


def clear(folder: Path) -> None:
    """Remove what a run left here, and nothing else."""
    shutil.rmtree(folder / "partial", ignore_errors=True)
    for name in OURS:
        (folder / name).unlink(missing_ok=True)


# --- frames and states -----------------------------------------------------------------------------------------------


class Trail(NamedTuple):
    """What an unfinished run has kept: the digest of what decides it; of every frame the digest and its lines' bytes."""

    origin: bytes
    digests: list[bytes]
    lengths: list[int]


def trail(config: Config, facts: Mapping[str, Any]) -> Trail:
    """The trail of a run that has kept nothing yet."""
    data = deciding(as_data(config))
    for table in (data["target"], data.get("source") or {}, *own_tables(data).values()):
        table |= {"path": None}  # its content counts, wherever it lies
    decided = [data, sorted(facts["inputs"].values()), conditions(facts), PLAY]
    return Trail(digest(json.dumps(decided, sort_keys=True).encode()), [], [])


def digest(*contents: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(b"".join(contents)).digest()


def keep(folder: Path, past: Trail, step: int, frame: Mapping[str, np.ndarray], lines: str, state: Arrays) -> None:
    """Keep one frame, its measures, and, in place of the last one, the state from which the run can go on."""
    content, measures = packed(frame, compress=False), lines.encode()
    (folder / "partial").mkdir(exist_ok=True)
    write_aside(frame_path(folder, step), content, durable=False)
    with open(folder / "metrics.jsonl", "ab") as file:
        file.write(measures)
    past.digests.append(digest(content, measures))
    past.lengths.append(len(measures))
    last = packed({**state, **marks(past)}, compress=False)
    write_aside(folder / "partial" / "state.npz", last + digest(last), durable=False)  # zip archives do not mind


def marks(past: Trail) -> dict[str, np.ndarray]:
    """A trail as arrays: `origin [32]`, `digests [T, 32]`, `lengths [T]`."""
    return {
        "origin": np.frombuffer(past.origin, np.uint8),
        "digests": np.frombuffer(b"".join(past.digests), np.uint8).reshape(-1, 32),
        "lengths": np.array(past.lengths),
    }


def kept_state(folder: Path, past: Trail, frame_steps: list[int]) -> Arrays | None:
    """The last kept state, its past put on the trail and `metrics.jsonl` cut after it; None, and a new start, where damaged."""
    try:
        state, lines = traced(folder, past, frame_steps)
    except (OSError, KeyError, TypeError, ValueError):  # forget whatever was kept
        shutil.rmtree(folder / "partial", ignore_errors=True)
        state, lines = None, []
        past.digests.clear()
        past.lengths.clear()
    write_aside(folder / "metrics.jsonl", b"".join(lines))
    return state


def traced(folder: Path, past: Trail, frame_steps: list[int] | None = None) -> tuple[Arrays, list[bytes]]:
    """The last kept state, its past put on the trail, and every frame's lines; without `frame_steps` the state says them.
    OSError, KeyError, TypeError or ValueError for damage.
    """
    content = content_of(folder / "partial" / "state.npz")
    if digest(content[:-32]) != content[-32:]:
        raise ValueError("is damaged")
    state = arrays_in(content[:-32])
    steps = state["steps"].tolist() if frame_steps is None else frame_steps
    measured, ends = content_of(folder / "metrics.jsonl"), [0, *np.cumsum(state["lengths"]).tolist()]
    lines = [measured[start:end] for start, end in pairwise(ends)]
    frames = [content_of(frame_path(folder, step)) for step in steps if step <= state["step"]]
    past.digests[:] = [digest(frame, measures) for frame, measures in zip(frames, lines, strict=True)]
    past.lengths[:] = state["lengths"].tolist()
    kept = marks(past)
    if any(not np.array_equal(values, state[name]) for name, values in kept.items()):
        raise ValueError("is not what was kept")
    return {name: values for name, values in state.items() if name not in kept}, lines


def frame_path(folder: Path, step: int) -> Path:
    """Where the frame of a step is kept."""
    return folder / "partial" / f"frame-{step:09d}.npz"


def kept_frames(folder: Path, steps: list[int]) -> dict[str, np.ndarray]:
    """The frames of those steps stacked along time: [T, ...] each."""
    frames = [unpacked(frame_path(folder, step)) for step in steps]
    return {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
