"""The facts of a run: `run.json` read whole or refused by name, older ones too, and what is derived from it in one place."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli import SMALL
from typer.testing import CliRunner, Result

import toygan
from toygan.cli.main import app
from toygan.files.disk import packed, write_aside, write_json
from toygan.files.mistakes import UserError
from toygan.many.executors import record_since
from toygan.many.results import records
from toygan.quantities.diagnosis import Event
from toygan.quantities.table import Floor
from toygan.session.facts import Facts, facts_in, read_facts

W1 = {"mean": 0.1, "spread": 0.01, "low": 0.08, "high": 0.12, "draws": 40}
WHOLE: dict[str, Any] = {
    "format": 1,
    "scenario": "ring",
    "title": "Ring",
    "method": "gan",
    "command": "toygan run ring",
    "seeds": [3, 5],
    "status": "diverged",
    "step": 10,
    "steps": 20,
    "seconds": {"train": 4.0, "observe": 1.0, "measure": 1.0, "floors": 7.0, "draw": 9.0},
    "config": {"about": "words", "method": {"name": "gan", "objective": {"kind": "gan"}}},
    "settings": {"training.batch": 8, "method.constraint": {"kind": "r1"}},
    "inputs": {"points.csv": "ab"},
    "versions": {"python": "3.11", "POT": None},
    "device": "cpu",
    "message": "",
    "floors": {"frame": {"w1": dict(W1)}, "final": {"w1": dict(W1), "kl": dict.fromkeys(W1)}},
    "events": [{"step": 4, "seed": 5, "label": "diverged", "evidence": "W1 of 1e9"}],
    "digests": {"metrics.jsonl": "ab", "frames.npz": None},
    "summary": {
        "points": 2000,
        "w1_points": 1000,
        "critic_points": 400,
        "mean_over": 1,
        "modes_of": 8,
        "seeds": [
            {"seed": 3, "w1": 0.3, "modes": 8, "kl": None, "diverged_at": None},
            {"seed": 5, "w1": None, "modes": None, "kl": None, "diverged_at": 4},
        ],
        "mean": {"w1": 0.3, "kl": None},
        "rates": {"diverged": 0.5},
        "diagnosis": ["1 of 2 seeds diverged."],
        "optimal": {"how": "log p/q", "kind": "density"},
        "boundary": 0.0,
    },
}
PLACE = Path("runs/ring/gan/run.json")
GONE = object()


def changed(said: dict[str, Any], keys: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """A record with one value inside exchanged, or gone."""
    said = copy.deepcopy(said)
    inner: Any = said
    for key in keys[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return said


BROKEN: dict[tuple[str | int, ...], tuple[Any, str]] = {
    ("floors", "final", "w1"): (3, "floors.final.w1 = 3: must be a table"),
    ("floors", "final", "w1", "mean"): ("low", 'floors.final.w1.mean = "low": must be a finite number or null'),
    ("floors", "final"): ([], "floors.final = a list: must be a table"),
    ("summary", "seeds", 1, "w1"): ([1], "summary.seeds[1].w1 = a list: must be a finite number or null"),
    ("summary", "seeds", 0, "modes"): (True, "summary.seeds[0].modes = true: must be a finite number or null"),
    ("summary", "seeds", 0, "diverged_at"): (
        1.5,
        "summary.seeds[0].diverged_at = 1.5: must be a whole number, 0 or more",
    ),
    ("summary", "mean"): ("all", 'summary.mean = "all": must be a table'),
    ("summary", "mean", "w1"): (math.nan, "summary.mean.w1 = NaN: must be a finite number or null"),
    ("summary", "diagnosis"): ("fine", 'summary.diagnosis = "fine": must be a list'),
    ("summary", "optimal"): ("exact", 'summary.optimal = "exact": must be a table'),
    ("summary", "optimal", "how"): ({}, "summary.optimal.how = a table: must be text"),
    ("summary", "boundary"): (math.inf, "summary.boundary = Infinity: must be a finite number"),
    ("summary", "modes_of"): (-8, "summary.modes_of = -8: must be a whole number, 0 or more"),
    ("events", 0, "label"): (GONE, "events[0].label = null: must be text"),
    ("events", 0): ("late", 'events[0] = "late": must be a table'),
    ("config", "method", "objective"): ("gan", 'config.method.objective = "gan": must be a table'),
    ("seconds", "train"): (-1.0, "seconds.train = -1.0: must be seconds, 0 or more"),
    ("step",): (10**400, f"step = {10**35} ...: must be a whole number, 0 or more"),
    ("steps",): (10**30, f"steps = {10**30}: must be a whole number, 0 or more"),
    ("title",): (["Ring"], "title = a list: must be text"),
    ("versions",): ([], "versions = a list: must be a table"),
    ("versions", "python"): (3.11, "versions.python = 3.11: must be text or null"),
}


@pytest.mark.parametrize("keys", BROKEN, ids=lambda keys: ".".join(map(str, keys)))
def test_a_value_inside_that_is_not_what_it_should_be_is_named(keys: tuple[str | int, ...]) -> None:
    value, words = BROKEN[keys]
    with pytest.raises(UserError) as caught:
        facts_in(changed(WHOLE, keys, value), PLACE)
    assert str(caught.value) == f"{PLACE}: {words}"


def test_every_value_is_looked_at() -> None:
    """Whatever becomes a list, or a table where it is one, is refused, but for settings and a config's own values."""
    for keys, value in inner_keys(WHOLE):
        if keys[0] not in ("settings", "config") or len(keys) == 1:
            with pytest.raises(UserError, match=r"^runs/ring/gan/run\.json: "):
                facts_in(changed(WHOLE, keys, {"a": 1} if isinstance(value, list) else [{}]), PLACE)


def inner_keys(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Everything inside a record, each with its place."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [((*above, key), one) for key, one in inner]
    return [*found, *(place for keys, one in found for place in inner_keys(one, keys))]


def test_what_is_written_is_what_is_read() -> None:
    facts = facts_in(json.loads(json.dumps(WHOLE)), PLACE)
    assert facts.said == WHOLE
    assert (facts.scenario, facts.method, facts.title, facts.status) == ("ring", "gan", "Ring", "diverged")
    assert (facts.seeds, facts.step, facts.steps, facts.device) == ((3, 5), 10, 20, "cpu")
    assert facts.events == (Event(4, 5, "diverged", "W1 of 1e9"),)
    assert facts.floors("final") == {"w1": Floor(0.1, 0.01, 0.08, 0.12, 40)}
    assert facts.summary.optimal is not None
    assert (facts.summary.optimal.how, facts.summary.boundary, facts.summary.modes_of) == ("log p/q", 0.0, 8)


def test_what_several_readers_ask_is_said_once() -> None:
    facts = facts_in(WHOLE, PLACE)
    assert facts.portrait == 3
    assert facts.diverged_at == [None, 4]
    assert [facts.status_of(seed) for seed in facts.seeds] == ["done", "diverged"]
    assert [facts.labels_of(seed) for seed in facts.seeds] == [frozenset(), {"diverged"}]
    assert facts.all_seconds == 22.0
    assert facts.seed_seconds == 3.0  # of two seeds, without drawing and floors
    assert facts.step_seconds == 0.2
    assert math.isnan(Facts.of({"seeds": [0]}).step_seconds)


def test_older_records_lack_keys_and_have_defaults() -> None:
    bare = {
        name: WHOLE[name] for name in ("format", "scenario", "method", "seeds", "status", "step", "steps", "config")
    }
    facts = facts_in(bare | {"seconds": {}, "summary": {}, "floors": None, "events": None, "title": None}, PLACE)
    assert (facts.title, facts.command, facts.message, dict(facts.settings)) == ("ring", "", "", {})
    assert (facts.events, facts.floors("final"), facts.floor("w1", "frame")) == ((), {}, None)
    assert (facts.diverged_at, dict(facts.portrait_row), facts.decided_by) == ([None, None], {}, None)
    assert not facts.summary.tells_modes
    pairs = changed(WHOLE, ("floors", "final", "w1"), {"mean": 0.1, "spread": 0.02})
    assert facts_in(pairs, PLACE).floor("w1", "final") == Floor(0.1, 0.02, pytest.approx(0.08), pytest.approx(0.12), 0)


@pytest.mark.parametrize(
    ("kind", "decided"), [("wasserstein", "potential"), ("mmd", "kernel"), ("gan", "density"), (None, "density")]
)
def test_of_older_records_the_objective_says_what_decides_the_optimum(kind: str | None, decided: str) -> None:
    said = changed(WHOLE, ("summary", "optimal"), {"how": "somehow"})
    assert facts_in(changed(said, ("config", "method", "objective"), {"kind": kind}), PLACE).decided_by == decided
    said = changed(WHOLE, ("summary", "optimal", "kind"), "potential")
    assert facts_in(said, PLACE).decided_by == "potential"


# --- on the command line ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run."""
    place = tmp_path_factory.mktemp("played")
    (place / "small.toml").write_text(SMALL)
    folder = toygan.run(str(place / "small.toml"), "mine", out=place / "runs", animation=False).folder
    assert folder is not None
    return folder


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


TAMPERED: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "a floor": (("floors", "final", "w1"), 3),
    "all floors": (("floors",), "none"),
    "a measure": (("summary", "seeds", 0, "w1"), {"a": 1}),
    "means": (("summary", "mean"), [1]),
    "the diagnosis": (("summary", "diagnosis"), 4),
    "the optimum": (("summary", "optimal"), ["a"]),
    "events": (("events",), [3]),
    "seeds": (("seeds",), ["a"]),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_record_is_one_clear_message(what: str, played: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    for place in (good, bad):
        place.mkdir()
        for file in played.iterdir():
            write_aside(place / file.name, file.read_bytes())
    said = json.loads((played / "run.json").read_text())
    write_json(bad / "run.json", changed(said, *TAMPERED[what]))
    for words in (["draw", str(bad), "--format", "png"], ["compare", str(good), str(bad), "--no-animation"]):
        refused = call(*words)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert f"{bad / 'run.json'}: " in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    table = call("table", str(tmp_path))
    assert (table.exit_code, "small" in table.stdout) == (0, True)
    assert table.stderr.startswith(f"toygan: {bad / 'run.json'}: ")
    assert table.stderr.endswith("; passed over\n")


def test_another_number_of_seeds_than_recorded_is_refused(played: Path, tmp_path: Path) -> None:
    said = json.loads((played / "run.json").read_text())
    write_json(tmp_path / "run.json", said | {"seeds": [0, 1, 2]})
    write_aside(tmp_path / "frames.npz", packed({"step": np.array([0]), "samples": np.zeros((1, 1, 5, 2))}))
    with pytest.raises(ValueError, match=r"seeds = \[0, 1, 2\]: frames\.npz holds another number of seeds"):
        toygan.load(tmp_path)


def test_reading_a_record_changes_nothing(played: Path) -> None:
    text = (played / "run.json").read_text()
    facts = read_facts(played)
    assert records([played])[0]["folder"] == str(played)
    assert json.dumps(facts.said, indent=2) + "\n" == text == (played / "run.json").read_text()


def test_a_foreign_record_is_not_at_work(tmp_path: Path) -> None:
    assert record_since(0.0, tmp_path) is None
    (tmp_path / "run.json").write_text('{"lr": 0.1}')
    assert record_since(0.0, tmp_path) is None
    write_json(tmp_path / "run.json", WHOLE | {"status": "running"})
    found = record_since(0.0, tmp_path)
    assert found is not None
    assert found.status == "running"
    assert record_since(math.inf, tmp_path) is None
