"""What tells several runs apart, in the fewest words: scenario, method, or the settings in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toygan.files.text import number
from toygan.session.facts import Facts
from toygan.session.recording import Recording
from toygan.view.records import flattened, unlike

SAID = {"name", "title", "about", "reference", "formula", "look_for"}  # words about a run, which do not change it
PLAIN = {"training", "method", "view"}  # tables whose keys say what they are without the table's name
SEEING = {"training.frames", "training.points", "view.x", "view.y"}  # how it is looked at: told for want of better
MOST = 3  # settings in a name


def names_apart(recordings: Sequence[Recording]) -> list[str]:
    """A short name a run: what differs among scenario, method and settings; the method where nothing does, numbered."""
    facts = [recording.facts for recording in recordings]
    several = len({one.scenario for one in facts}) > 1
    by_method = len({one.method for one in facts}) > 1
    names = []
    for one, world, told in zip(facts, worlds(recordings), settings_apart(facts), strict=True):
        parts = [*[world] * several, *[one.method] * by_method, ", ".join(told)]
        names.append(" · ".join(filter(None, parts)) or one.method)
    return [f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names)]


def worlds(recordings: Sequence[Recording]) -> list[str]:
    """What each run's scenario is called: its title, or its name where two scenarios have one title."""
    facts = [recording.facts for recording in recordings]
    own = len({one.title for one in facts}) < len({one.scenario for one in facts})
    return [one.scenario if own else one.title for one in facts]


def settings_apart(facts: Sequence[Facts]) -> list[list[str]]:
    """For every run, the settings in which it differs from others of its scenario; those of the method are compared
    where the method is the same, and how a run is looked at where nothing else differs.
    """
    told = []
    for one in facts:
        config, neighbours = flat(one.config), [other for other in facts if other.scenario == one.scenario]
        alike = differing([other for other in neighbours if other.method == one.method])
        keys = [key for key in differing(neighbours) if not key.startswith("method.")]
        keys += [key for key in alike if key.startswith("method.")]
        keys = [key for key in keys if key not in SEEING] or [key for key in alike if key in SEEING]
        words = [setting_in_words(key, config[key]) for key in keys if key in config]
        told.append([*words[:MOST], *[f"and {len(words) - MOST} more"] * (len(words) > MOST)])
    return told


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config with dotted keys, without the words about it."""
    return {key: value for key, value in flattened(config).items() if key.rpartition(".")[2] not in SAID}


def differing(facts: Sequence[Facts]) -> list[str]:
    """The keys in which configs differ; of tables of different kinds only the kind."""
    apart = unlike([flat(one.config) for one in facts])
    kinds = {key.rpartition(".")[0] for key in apart if key.endswith(".kind")}
    return [key for key in apart if key.endswith(".kind") or key.rpartition(".")[0] not in kinds]


def setting_in_words(key: str, value: Any) -> str:
    """One setting as people say it: `batch 64`, `5 critic steps`, `constraint clip`, `generator width 32`."""
    *tables, last = key.split(".")
    words = tables[-1:] if last == "kind" else [*(table for table in tables[-1:] if table not in PLAIN), last]
    name = " ".join(words).replace("_", " ")
    if isinstance(value, int) and not isinstance(value, bool) and name.endswith("s"):
        return f"{value} {name if value != 1 else name.removesuffix('s')}"
    return f"{name} {said(value)}"


def said(value: Any) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    return "none" if value is None else str(value)
