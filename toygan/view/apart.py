"""What tells several runs apart, in the fewest words: scenario, method, or the settings in which they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toygan.files.text import number
from toygan.session.recording import Recording
from toygan.view.records import flattened, unlike

SAID = {"name", "title", "about", "reference", "formula", "look_for"}  # words about a run, which do not change it
PLAIN = {"training", "method", "view"}  # tables whose keys say what they are without the table's name
SEEING = {"training.frames", "training.points", "view.x", "view.y"}  # how it is looked at: told for want of better
MOST = 3  # settings in a name


def names_apart(recordings: Sequence[Recording]) -> list[str]:
    """A short name a run: what differs among scenario, method and settings, such as `batch 64, 5 critic steps`; the
    method where nothing does, numbered.
    """
    facts = [recording.facts for recording in recordings]
    several = len({one.scenario for one in facts}) > 1
    by_method = len({one.method for one in facts}) > 1
    heads = [[name] * several + [one.method] * by_method for name, one in zip(worlds(recordings), facts, strict=True)]
    settings = settings_apart(recordings)
    names = [
        " · ".join(part for part in [*head, ", ".join(told)] if part)
        for head, told in zip(heads, settings, strict=True)
    ]
    return numbered([name or one.method for name, one in zip(names, facts, strict=True)])


def worlds(recordings: Sequence[Recording]) -> list[str]:
    """What each run's scenario is called: its title, or its name where two scenarios have one title."""
    facts = [recording.facts for recording in recordings]
    own = len({one.title for one in facts}) < len({one.scenario for one in facts})
    return [one.scenario if own else one.title for one in facts]


def settings_apart(recordings: Sequence[Recording]) -> list[list[str]]:
    """For every run, the settings in which it differs from others of its scenario; those of the method are compared
    where the method is the same, and how a run is looked at where nothing else differs.
    """
    told = []
    for recording in recordings:
        config, alike = flat(recording.facts.config), runs_alike(recordings, recording, method=True)
        keys = [
            *differing(runs_alike(recordings, recording, method=False), lambda key: not key.startswith("method.")),
            *differing(alike, lambda key: key.startswith("method.")),
        ]
        keys = [key for key in keys if key not in SEEING] or differing(alike, SEEING.__contains__)
        told.append(in_short(config, keys))
    return told


def runs_alike(recordings: Sequence[Recording], recording: Recording, method: bool) -> list[Mapping[str, Any]]:
    """The configs of all runs of one run's scenario, and of its method if that is asked for."""
    one = recording.facts
    facts = [other.facts for other in recordings if other.facts.scenario == one.scenario]
    return [flat(other.config) for other in facts if other.method == one.method or not method]


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config with dotted keys, without the words about it."""
    return {key: value for key, value in flattened(config).items() if key.rpartition(".")[2] not in SAID}


def differing(configs: Sequence[Mapping[str, Any]], counts: Callable[[str], bool]) -> list[str]:
    """The keys that count in which configs differ; of tables of different kinds only the kind."""
    apart = [key for key in unlike(configs) if counts(key)]
    kinds = {key.rpartition(".")[0] for key in apart if key.endswith(".kind")}
    return [key for key in apart if key.endswith(".kind") or key.rpartition(".")[0] not in kinds]


def in_short(config: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """Some settings in words, and how many more there are."""
    told = [setting_in_words(key, config[key]) for key in keys if key in config]
    return told[:MOST] + ([f"and {len(told) - MOST} more"] if len(told) > MOST else [])


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


def numbered(names: Sequence[str]) -> list[str]:
    """The same names, with a number where one is there again."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if names.count(name) > 1 else name)
    return found
