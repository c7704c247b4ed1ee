from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import crossed as once_each
from scipy import stats
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.files.config import as_data
from toygan.files.disk import packed, read_json, write_json
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.many.results import records, run_folders, write_results
from toygan.many.table import Table, crossed, differences, marked, medians
from toygan.many.written import FORMS, cell, headed, parted, written
from toygan.targets.table import TARGETS
from toygan.view.records import in_order
from toygan.view.statistics import Interval, median, order_ranks, rate

RING = {"kind": "ring", "modes": 3, "radius": 1.0, "std": 0.1, "scale": 1.0, "rotate": 0.0, "shift": [0.0, 0.0]}


def a_run(
    place: Path, method: str, w1: list[float | None], settings: dict[str, Any] | None = None, **facts: Any
) -> Path:
    """A run folder with nothing but its record."""
    folder = place / "ring" / method / "-".join(map(str, (settings or {}).values()))
    folder.mkdir(parents=True)
    rows = [
        {"seed": s, "w1": value, "modes": 3 if s else 2, "diverged_at": 5 if value is None else None}
        for s, value in enumerate(w1)
    ]
    told: dict[str, Any] = {"format": 1, "scenario": "ring", "method": method, "seeds": list(range(len(w1)))}
    told |= {
        "status": "diverged" if None in w1 else "done",
        "step": 9,
        "steps": 9,
        "seconds": {"train": 6.0, "draw": 2.0},
    }
    told |= {"config": {"target": RING}, "settings": settings or {}, "summary": {"seeds": rows, "modes_of": 3}}
    write_json(folder / "run.json", told | facts)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for weight in (0.5, 1.0):
        a_run(tmp_path, "gan", [1 + weight, 2 + weight, None, 4.0], {"method.constraint.weight": weight})
        a_run(tmp_path, "wgan_x", [1.0, 2.0, 3.0, 3.0], {"method.constraint.weight": weight})
    a_run(tmp_path, "lost", [1.0], None, status="failed", message='no "space"', summary={})
    return tmp_path


# --- records ---------------------------------------------------------------------------------------------------------


def test_a_record_a_run_and_seed(place: Path) -> None:
    rows = records(run_folders(place))
    assert len(rows) == 17
    row = next(row for row in rows if row["method"] == "gan" and row["seed"] == 1)
    assert row["settings"] == "method.constraint.weight=0.5"
    assert (row["status"], row["w1"], row["modes"], row["modes_of"], row["core_seconds"]) == ("done", 2.5, 3, 3, 1.5)
    assert [row["status"] for row in rows if row["method"] == "gan"] == ["done", "done", "diverged", "done"] * 2
    assert [(row["status"], row.get("w1")) for row in rows if row["method"] == "lost"] == [("failed", None)]


def test_results_open_as_a_table(place: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(write_results(place).read_text())))
    assert len(rows) == 17
    assert rows[0]["method.constraint.weight"] == "0.5"
    assert [row["w1"] for row in rows if row["status"] == "diverged"] == ["", ""]
    assert [row["message"] for row in rows if row["status"] == "failed"] == ['no "space"']


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        run_folders(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UserError, match=r"run\.json: is not the record"):
        records([tmp_path])


STRANGE = {
    "somebody's own": '{"lr": 0.1}',
    "empty": "",
    "torn": '{"format": 1, "scen',
    "a list": "[1, 2]",
    "deep": "[" * 100_000,
    "another format": '{"format": 2}',
    "no text": b"\xff\xfe\x00",
    "seeds": {"seeds": 3},
    "no seeds": {"seeds": []},
    "seconds": {"seconds": {"train": "long"}},
    "summary": {"summary": {"seeds": [1]}},
    "config": {"config": []},
    "settings": {"settings": "all"},
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_a_foreign_record_is_named_and_passed_over(strange: Any, place: Path, capsys: pytest.CaptureFixture) -> None:
    wanted, path = records(run_folders(place)), place / "a-neighbour/run.json"
    path.parent.mkdir()
    if isinstance(strange, dict):
        strange = json.dumps(read_json(run_folders(place)[0] / "run.json") | strange)
    path.write_bytes(strange if isinstance(strange, bytes) else strange.encode())
    assert records(run_folders(place)) == wanted
    said = capsys.readouterr().err
    assert said == f"toygan: {path}: is not the record of a run; passed over\n"
    heard: list[str] = []
    rows = list(csv.DictReader(io.StringIO(write_results(place, tell=heard.append).read_text())))
    assert len(rows) == len(wanted)
    assert len(heard) == 1
    shown = CliRunner().invoke(app, ["table", str(place)])
    assert (shown.exit_code, "a-neighbour" in shown.stderr, "wgan_x" in shown.stdout) == (0, True, True)
    alone = CliRunner().invoke(app, ["table", str(path.parent)])
    assert (alone.exit_code, "is not the record of a run" in alone.stderr) == (2, True)


def test_a_pipe_in_a_records_place_keeps_nobody_waiting(place: Path) -> None:
    (place / "a-neighbour").mkdir()
    os.mkfifo(place / "a-neighbour/run.json")
    wanted = f"{place / 'a-neighbour/run.json'}: is not the record of a run; passed over"
    heard: list[str] = []
    assert records(run_folders(place), heard.append)
    assert heard == [wanted]


def test_a_scenario_may_be_called_partial(tmp_path: Path) -> None:
    a_run(tmp_path / "partial", "partial", [1.0])
    assert [row["method"] for row in records(run_folders(tmp_path))] == ["partial"]


def test_results_are_read_without_their_targets_and_inputs(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TARGETS:
        monkeypatch.setitem(TARGETS, name, None)
    gone = {"target": {"kind": "points", "path": str(place / "gone.csv")}}
    a_run(place, "points", [1.0], config=gone, summary={"seeds": [{"seed": 0, "w1": 1.0}], "modes_of": None})
    a_run(place, "image", [1.0], config=gone, summary={"seeds": [{"seed": 0, "w1": 1.0}]})
    rows = {row["method"]: row for row in records(run_folders(place)) if row["seed"] == 0}
    assert (rows["points"]["w1"], rows["image"]["w1"], rows["gan"]["modes_of"]) == (1.0, 1.0, 3)
    assert "modes_of" not in rows["points"]
    assert "modes_of" not in rows["image"]


def test_an_older_record_has_its_modes_in_its_frames(tmp_path: Path) -> None:
    folder = a_run(tmp_path, "gan", [1.0], summary={"seeds": [{"seed": 0, "w1": 1.0}]})
    assert "modes_of" not in records([folder])[0]
    (folder / "frames.npz").write_bytes(packed({"step": np.arange(2), "mode_centres": np.zeros((5, 2))}))
    assert records([folder])[0]["modes_of"] == 5
    (folder / "frames.npz").write_bytes(packed({"step": np.arange(2)}))
    assert "modes_of" not in records([folder])[0]


def test_any_text_of_a_record_can_be_written(tmp_path: Path) -> None:
    a_run(tmp_path, "gan", [1.0], status="failed", message="half of a pair: \ud800", summary={})
    assert "half of a pair: \\ud800" in write_results(tmp_path).read_text(encoding="utf-8")


# --- intervals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("happened", "n"), [(0, 1), (1, 1), (0, 8), (3, 8), (8, 8), (17, 1000)])
def test_wilson_agrees_with_scipy(happened: int, n: int) -> None:
    found = stats.binomtest(happened, n).proportion_ci(0.95, method="wilson")
    assert rate(happened, n) == pytest.approx((happened / n, found.low, found.high, n), abs=1e-12)


LAWS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "lognormal": (lambda rng, shape: rng.lognormal(0, 1.5, shape), 1.0),
    "cauchy": (lambda rng, shape: rng.standard_cauchy(shape), 0.0),
}


@pytest.mark.parametrize(("law", "n"), once_each(LAWS, [6, 7, 8, 9, 16], 3))
def test_the_interval_of_a_median_covers_what_it_says(law: str, n: int) -> None:
    draw, middle = LAWS[law]
    found = [median(values) for values in draw(np.random.default_rng(n), (4000, n))]
    covered = np.mean([one.low <= middle <= one.high for one in found])
    assert 0.935 < covered < 0.965  # Monte Carlo alone is 0.0034
    assert all(one.low <= one.value <= one.high for one in found)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_few_values_have_no_interval(n: int) -> None:
    assert 1 - 2 ** (1 - n) < 0.95  # what the least and the largest of them cover
    found = median(range(n))
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.ends == (found.value, found.value)
    assert cell(found) == f"{(n - 1) / 2:.3g}"


def test_the_ends_lie_between_the_ranks_of_the_binomial_law() -> None:
    for n in (6, 8, 20, 101, 1000):
        k = int(stats.binom.ppf(0.025, n, 0.5))  # the largest rank that covers 95 % and more
        found = median(np.arange(1.0, n + 1))
        assert k <= found.low < k + 1
        assert found.low + found.high == pytest.approx(n + 1)
        assert order_ranks(n)[0] == k


def test_nothing_known_is_no_number() -> None:
    assert math.isnan(rate(0, 0).low)
    assert math.isnan(median([]).value)
    assert cell(median([])) == "-"


def test_of_fewer_seeds_than_ran_is_said(place: Path) -> None:
    text = written([medians(records(run_folders(place)), ["method"], ["w1"])], "text")
    gan, wgan = (next(line for line in text.splitlines() if line.startswith(name)) for name in ("gan", "wgan_x"))
    assert "(n = 3)" in gan
    assert "(n =" not in wgan


# --- tables ----------------------------------------------------------------------------------------------------------


def test_medians_and_rates_by_any_key(place: Path) -> None:
    rows = records(run_folders(place))
    table = medians(rows, ["method.constraint.weight", "method"])
    found = {(row["method"], row["method.constraint.weight"]): row for row in table.rows}
    assert found["gan", 0.5]["w1"] == median([1.5, 2.5, 4.0])
    assert found["gan", 1.0]["diverged"] == rate(1, 4)
    assert found["wgan_x", 0.5]["all modes"] == rate(3, 4)
    assert found["lost", None]["not ended"] == 1
    assert medians(rows).keys == ["scenario", "method", "method.constraint.weight"]
    across = crossed(medians(rows, ["method", "method.constraint.weight"]), ["method.constraint.weight"], "w1")
    assert across.keys == ["method"]
    assert across.rows[0]["0.5"] == median([1.5, 2.5, 4.0])
    with pytest.raises(UserError, match='did you mean "method"'):
        medians(rows, ["metod"])


def test_a_seed_counts_once_and_settings_of_a_grid_stay_apart(place: Path) -> None:
    """Two settings of four seeds are no eight seeds."""
    table = medians(records(run_folders(place)), ["method"], ["w1"])
    assert table.keys == ["method", "method.constraint.weight"]
    assert [row["seeds"] for row in table.rows if row["method"] != "lost"] == [4, 4, 4, 4]
    assert "kept apart by method.constraint.weight" in table.note
    assert "values" not in {name for row in table.rows for name in row}


def test_seeds_of_several_scenarios_are_counted_as_seeds(tmp_path: Path) -> None:
    for scenario in ("ring", "grid"):
        a_run(tmp_path / scenario, "gan", [1.0, 2.0, 3.0, 4.0], scenario=scenario)
    table = medians(records(run_folders(tmp_path)), ["method"], ["w1"])
    (row,) = table.rows
    assert (row["seeds"], row["values"], row["w1"].n) == (4, 8, 8)
    assert "(n =" not in written([table], "text")
    assert "values: seeds of all runs of a row" in table.note
    assert "values" not in medians(records(run_folders(tmp_path)), [], ["w1"]).rows[0]


@pytest.mark.parametrize("form", ["text", "markdown", "latex"])
def test_one_seed_has_no_interval(form: str, tmp_path: Path) -> None:
    a_run(tmp_path, "gan", [1.0])
    a_run(tmp_path, "hinge", [0.5])
    table = medians(records(run_folders(tmp_path)))
    assert "[" not in "".join(line for line in written([table], form).splitlines() if "gan" in line)
    assert math.isnan(table.rows[0]["diverged"].low)


def test_numbers_are_sorted_as_numbers(tmp_path: Path) -> None:
    for batch in (256, 64, 1024, 128):
        a_run(tmp_path, "gan", [1.0, 2.0], {"training.batch": batch})
    rows = records(run_folders(tmp_path))
    table = medians(rows, ["training.batch"], ["w1"])
    assert [row["training.batch"] for row in table.rows] == [64, 128, 256, 1024]
    across = crossed(medians(rows, ["method", "training.batch"], ["w1"]), ["training.batch"], "w1")
    assert list(across.rows[0]) == ["method", "64", "128", "256", "1024"]
    words = ["b", "training.batch=256", None, "training.batch=64", 1e-3, 10, "a2", "a10", 2, "rate=1e-3", "rate=0.02"]
    assert in_order(words) == [
        1e-3, 2, 10, "a2", "a10", "b", "rate=1e-3", "rate=0.02", "training.batch=64", "training.batch=256", None,
    ]  # fmt: skip


# --- the best --------------------------------------------------------------------------------------------------------


def test_the_best_of_a_column_is_marked_with_its_ties(tmp_path: Path) -> None:
    """Lowest W1 and most modes; whose interval overlaps the best one's is a tie."""
    worlds = {"best": 0.1, "tie": 0.13, "worse": 0.5}
    for method, low in worlds.items():
        a_run(tmp_path, method, [low + 0.01 * seed for seed in range(8)])
    a_run(tmp_path, "lost", [None] * 8)
    table = marked(medians(records(run_folders(tmp_path)), [], ["w1"]))
    names = [row["method"] for row in table.rows]
    assert {names[i] for i, name in table.best if name == "w1"} == {"best", "tie"}
    assert {names[i] for i, name in table.best if name == "diverged"} == {"best", "tie", "worse"}
    assert not {name for _, name in table.best} & {"seeds", "method"}
    assert "whose interval overlaps the best one's" in table.note
    markdown, latex = (written([table], form) for form in ("markdown", "latex"))
    (line,) = [line for line in markdown.splitlines() if "| best |" in line]
    assert "| **0.135 [" in line
    assert r"\textbf{0.135 [" in latex
    assert "**" not in written([table], "text")


def test_the_best_is_looked_for_within_a_scenario(tmp_path: Path) -> None:
    for scenario, level in (("ring", 0.1), ("grid", 5.0)):
        for method, more in (("gan", 0.0), ("hinge", 1.0)):
            a_run(tmp_path / scenario, method, [level + more, level + more], scenario=scenario)
    rows = records(run_folders(tmp_path))
    table = marked(medians(rows, [], ["w1"]))
    assert {(table.rows[i]["scenario"], table.rows[i]["method"]) for i, name in table.best if name == "w1"} == {
        ("ring", "gan"), ("grid", "gan"),
    }  # fmt: skip
    for down, across in ((["method"], ["scenario"]), (["scenario"], ["method"])):
        turned = crossed(marked(medians(rows, [*down, *across], ["w1"])), across, "w1")
        told = {(turned.rows[i][down[0]], name) for i, name in turned.best}
        assert {frozenset(pair) for pair in told} == {frozenset(("gan", "ring")), frozenset(("gan", "grid"))}


def test_without_intervals_what_is_written_alike_is_a_tie(tmp_path: Path) -> None:
    for method, level in (("gan", 0.383606), ("hinge", 0.383607), ("lsgan", 0.39)):
        a_run(tmp_path, method, [level, level])
    table = marked(medians(records(run_folders(tmp_path)), [], ["w1"]))
    assert {table.rows[i]["method"] for i, name in table.best if name == "w1"} == {"gan", "hinge"}
    assert "without an interval, all that is written alike" in table.note


def test_where_nothing_is_better_nothing_is_marked(tmp_path: Path) -> None:
    for method in ("gan", "hinge"):
        a_run(tmp_path, method, [1.0] * 8)
    table = medians(records(run_folders(tmp_path)), [], ["w1"])
    assert marked(table) == table


# --- names and width -------------------------------------------------------------------------------------------------


def test_names_are_the_users_choice(tmp_path: Path) -> None:
    a_run(tmp_path, "wgan_x", [1.0, 2.0])
    a_run(tmp_path, "gan", [1.0, 2.0])
    words = ["--name", "wgan_x=WGAN_X & co", "--name", "w1=$W_1$", "--measure", "w1", "--format"]
    told = {form: CliRunner().invoke(app, ["table", str(tmp_path), *words, form]).stdout for form in FORMS}
    assert r"WGAN\_X \& co &" in told["latex"]
    assert "$W_1$" in told["latex"]
    assert all(name in told[form] for form in ("text", "markdown", "csv") for name in ("WGAN_X & co", "$W_1$"))
    assert "wgan_x" not in told["text"]
    refused = CliRunner().invoke(app, ["table", str(tmp_path), "--name", "gan"])
    assert (refused.exit_code, "expected OLD=NEW" in refused.stderr) == (2, True)


def test_latex_is_for_booktabs_and_takes_every_number(tmp_path: Path) -> None:
    a_run(tmp_path, "gan", [2.5e-6, 2.5e-6])
    latex = written([medians(records(run_folders(tmp_path)), [], ["w1"])], "latex")
    assert [latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\hline")] == [1, 1, 1, 0]
    assert r"2.5$\cdot$10$^{-6}$" in latex
    assert latex.splitlines()[0] == r"% needs \usepackage{booktabs}"
    assert latex.isascii()


def test_keys_that_leave_no_room_are_told_once_by_numbers() -> None:
    keys = ["scenario", "method", *(f"method.option_{i}" for i in range(7))]
    rows = [dict.fromkeys(keys, f"{0.125 * i:.12g}") | {"w1": 0.5 * i, "modes": i} for i in range(1, 4)]
    parts = parted(Table(keys, rows, "a note"), 60)
    lines = written(parts, "text").splitlines()
    assert max(map(len, lines)) <= 60
    assert {tuple(part.keys) for part in parts} == {("row",)}
    told = [name.replace("\n", "") for part in parts for name in part.rows[0]]
    assert [name for name in told if name != "row"] == [*keys, "w1", "modes"]
    assert [row["row"] for row in parts[-1].rows] == [1, 2, 3]
    assert lines[-1] == "(a note)"


def test_a_wide_table_is_parted_for_a_terminal(place: Path) -> None:
    table = medians(records(run_folders(place)), [], ["w1", "modes", "core_seconds"])
    whole, parts = written([table], "text"), parted(table, 80)
    assert len(parts) > 1
    lines = [line for part in parts for line in written([part], "text").splitlines() if not line.startswith("(")]
    assert max(map(len, lines)) <= 80 < max(map(len, whole.splitlines()[:3]))
    shown = {re.sub(r"\s", "", name) for part in parts for row in part.rows for name in row}
    assert shown == {name.replace(" ", "") for row in table.rows for name in row}
    assert parts[0].keys == ["scenario", "method", "method.\nconstraint.\nweight"]
    assert [row["method"] for row in parts[-1].rows] == [row["method"] for row in table.rows]
    assert [bool(part.note) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert written(parted(table, 10**6), "text") == whole


def test_differences_are_paired_by_seed(place: Path) -> None:
    table = differences(records(run_folders(place)), ["method"], ["w1"], against="gan")
    assert table is not None
    assert [(row["method"], row["w1"]) for row in table.rows] == [
        ("wgan_x", median([-0.5, -0.5, -1])), ("wgan_x", median([-1, -1, -1])),
    ]  # fmt: skip
    with pytest.raises(UserError, match="--against"):
        differences(records(run_folders(place)), against="no-gan")


def test_a_table_is_written_in_every_form(tmp_path: Path) -> None:
    a_run(tmp_path, "gan", [2.0, 3.0, None, 4.0] * 2)
    a_run(tmp_path, "wgan_x", [1.0, 2.0, 3.0, 3.0] * 2)
    a_run(tmp_path, "lost", [1.0], None, status="failed", message='no "space"', summary={})
    rows = records(run_folders(tmp_path))
    tables = [medians(rows, ["method"], ["w1"]), differences(rows, ["method"], ["w1"], "gan")]
    text, markdown, latex = (written(tables, form) for form in ("text", "markdown", "latex"))
    assert "wgan_x" in text
    assert "paired by seed" in text
    assert {line.count("|") for line in markdown.splitlines() if line.startswith("|")} == {7, 4}
    assert r"wgan\_x &" in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 2
    lines = {line["method"]: line for line in csv.DictReader(io.StringIO(written(tables, "csv")))}
    assert float(lines["gan"]["w1"]) == 3
    assert float(lines["wgan_x"]["w1_difference"]) == -1
    assert (lines["gan"]["w1_n"], lines["wgan_x"]["w1_n"]) == ("6", "8")
    assert lines["gan"]["w1_difference"] == ""
    assert json.loads(lines["wgan_x"]["w1_difference_low"]) == -1
    with pytest.raises(UserError, match="--format"):
        written(tables, "latx")


def test_a_number_keeps_three_digits() -> None:
    assert cell(Interval(0.123456, 0.1, 12345.0, 3)) == "0.123 [0.1, 12300]"


# --- runs of unlike settings -----------------------------------------------------------------------------------------


def unlike_runs(place: Path, **second: Any) -> None:
    """Two folders of the same two methods; in the second one the rate, or what is given, differs outside any grid."""
    for where, rate_of, worst in (("a", 0.1, 0.01), ("b", 0.001, 210.0)):
        for method, better in (("gan", 0.009), ("ns-gan", 0.0)):
            config = {"target": RING, "training": {"seeds": 4, "steps": 9}, "method": {"name": method, "rate": rate_of}}
            if where == "b" and second:
                config["method"]["rate"] = 0.1
                config = {key: {**value, **second.get(key, {})} for key, value in config.items()}
            a_run(place / where, method, [worst + better + seed for seed in range(4)], config=config)


def test_runs_that_differ_outside_a_grid_are_neither_pooled_nor_paired(tmp_path: Path) -> None:
    unlike_runs(tmp_path)
    rows = records(run_folders(tmp_path))
    table = medians(rows, ["method"], ["w1"])
    assert table.keys == ["method", "method.rate"]
    assert [(row["method"], row["method.rate"], row["seeds"]) for row in table.rows] == [
        ("gan", 0.001, 4), ("gan", 0.1, 4), ("ns-gan", 0.001, 4), ("ns-gan", 0.1, 4),
    ]  # fmt: skip
    assert "split by method.rate" in table.note
    apart = differences(rows, ["method"], ["w1"], "gan")
    assert apart is not None
    assert [row["w1"].value for row in apart.rows] == pytest.approx([-0.009, -0.009])
    lines = list(csv.DictReader(io.StringIO(write_results(tmp_path).read_text())))
    assert {(line["method.rate"], line["settings"], line["split_by"]) for line in lines} == {
        ("0.1", "method.rate=0.1", "method.rate"), ("0.001", "method.rate=0.001", "method.rate"),
    }  # fmt: skip


def test_an_older_recording_without_a_newer_key_has_it_at_its_default(tmp_path: Path) -> None:
    config = as_data(read("eight-gaussians", "gan"))
    older = {**config, "critic": {key: value for key, value in config["critic"].items() if key != "momentum"}}
    a_run(tmp_path / "a", "gan", [1.0], config=config)
    a_run(tmp_path / "b", "gan", [2.0], config=older)
    assert {row["settings"] for row in records(run_folders(tmp_path))} == {""}


@pytest.mark.parametrize(("part", "key"), [("training", "steps"), ("target", "std"), ("target", "extra")])
def test_whatever_differs_outside_a_grid_splits(tmp_path: Path, part: str, key: str) -> None:
    unlike_runs(tmp_path, **{part: {key: 10}})
    table = medians(records(run_folders(tmp_path)), [], ["w1"])
    assert table.keys == ["scenario", "method", f"{part}.{key}"]
    assert [row["seeds"] for row in table.rows] == [4, 4, 4, 4]


def test_more_seeds_of_the_same_run_are_pooled_and_the_same_seeds_count_once(tmp_path: Path) -> None:
    for where, seeds in (("a", [0, 1]), ("b", [2, 3]), ("copy of a", [0, 1])):
        config = {"target": RING, "training": {"seeds": seeds, "steps": 9}, "title": where}
        summary = {"seeds": [{"seed": seed, "w1": 1.0 + seed, "diverged_at": None} for seed in seeds]}
        a_run(tmp_path / where, "gan", [1.0, 2.0], config=config, seeds=seeds, summary=summary)
    (row,) = medians(records(run_folders(tmp_path)), [], ["w1"]).rows
    assert (row["seeds"], row["w1"].value) == (4, 2.5)


def test_what_differs_beside_a_grid_stays_apart_too(place: Path) -> None:
    both = {"target": RING, "method": {"name": "gan", "constraint": {"weight": 0.5}, "rate": 3.0}}
    a_run(place / "more", "gan", [1.0], {"method.constraint.weight": 0.5}, config=both)
    keys = medians(records(run_folders(place)), ["method"], ["w1"]).keys
    assert keys[:1] == ["method"]
    assert {"method.rate", "method.constraint.weight"} <= {*keys}


def test_methods_without_a_counterpart_are_said(tmp_path: Path) -> None:
    a_run(tmp_path, "gan", [1.0], config={"target": RING, "training": {"steps": 9}})
    a_run(tmp_path, "ns-gan", [1.0], config={"target": RING, "training": {"steps": 90}})
    apart = differences(records(run_folders(tmp_path)), [], ["w1"], "gan")
    assert apart is not None
    assert not apart.rows
    assert "1 of 1 seeds of other methods have no gan with the same settings" in apart.note


# --- what a value is of ----------------------------------------------------------------------------------------------


def test_core_seconds_are_one_value_a_run(tmp_path: Path) -> None:
    for scenario in ("ring", "grid"):
        for method in ("gan", "wgan"):
            a_run(tmp_path / scenario, method, [1.0, 2.0, None, 4.0], scenario=scenario)
    found = medians(records(run_folders(tmp_path)), ["method"])
    by_method = {row["method"]: row for row in found.rows}
    assert by_method["gan"]["core_seconds"][::3] == (1.5, 2)  # two runs of four seeds
    assert math.isnan(by_method["gan"]["core_seconds"].low)
    assert "(n =" not in written([found], "text").splitlines()[1].split()[-1]
    table = differences(records(run_folders(tmp_path)), ["method"], ["core_seconds"], "gan")
    assert table is not None
    assert table.rows[0]["core_seconds"].n == 2


def test_floors_and_drawing_are_no_core_seconds(tmp_path: Path) -> None:
    (row,) = records([a_run(tmp_path, "gan", [1.0], seconds={"train": 6.0, "floors": 3.0, "draw": 2.0})])
    assert row["core_seconds"] == 6


def test_seeds_like_a_perfect_sampler_are_counted(tmp_path: Path) -> None:
    floors = {"final": {"w1": {"mean": 0.1, "spread": 0.01, "low": 0.08, "high": 0.12, "draws": 40}}}
    rows = records([a_run(tmp_path, "gan", [0.05, 0.11, 0.12, 0.13, None], floors=floors)])
    assert [row.get("indistinguishable") for row in rows] == [True, True, True, False, None]
    table = medians(rows)
    assert table.rows[0]["indistinguishable"] == rate(3, 5)  # a diverged seed can be told
    assert "indistinguishable: share of seeds" in table.note
    old = records([a_run(tmp_path, "old", [0.05], floors={"final": {"w1": {"mean": 0.1, "spread": 0.01}}})])
    assert "indistinguishable" not in old[0] | medians(old).rows[0]


# --- other programs --------------------------------------------------------------------------------------------------


def test_no_cell_is_a_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    for i, text in enumerate(("=1+1", "@SUM(1)", "+cmd", "-x", "-1.5", "plain", "\tx")):
        a_run(tmp_path / str(i), "gan", [-1.0], {"key": text})
    lines = list(csv.DictReader(io.StringIO(write_results(tmp_path).read_text())))
    assert [line["key"] for line in lines] == ["'=1+1", "'@SUM(1)", "'+cmd", "'-x", "-1.5", "plain", "'\tx"]
    assert {line["w1"] for line in lines} == {"-1.0"}


def test_no_row_of_latex_is_an_option_of_the_line_before(tmp_path: Path) -> None:
    for name in ("[256, 128]", "*star", "plain"):
        a_run(tmp_path, name, [1.0])
    latex = written([medians(records(run_folders(tmp_path)), ["method"], ["w1"])], "latex")
    rows = [line for line in latex.splitlines() if line.endswith(r"\\")]
    assert [row.split(" &")[0] for row in rows] == ["method", "{}*star", "{}[256, 128]", "plain"]


def test_files_of_points_are_settings_too(tmp_path: Path) -> None:
    """A path may hold other points than before."""
    for where in ("a", "b"):
        a_run(tmp_path / where, "gan", [1.0], inputs={"points.csv": where})
    table = medians(records(run_folders(tmp_path)), ["method"], ["w1"])
    assert table.keys == ["method", "inputs.points.csv"]
    assert [row["seeds"] for row in table.rows] == [1, 1]


def test_a_table_of_estimates_says_what_a_negative_one_is(tmp_path: Path) -> None:
    summary = {"seeds": [{"seed": 0, "w1": 1.0, "kl": -0.02, "diverged_at": None}]}
    rows = records([a_run(tmp_path, "gan", [1.0], summary=summary)])
    assert "below 0 is the error of kl" in medians(rows, [], ["kl"]).note
    assert "below 0" not in medians(rows, [], ["w1"]).note


def test_methods_without_a_pair_still_have_a_table(tmp_path):
    rows = [
        {
            "scenario": "ring",
            "method": method,
            "settings": f"steps={steps}",
            "seed": 0,
            "status": "done",
            "w1": 0.5,
            "folder": method,
        }
        for method, steps in (("gan", 20), ("wgan", 30))
    ]
    medians_, apart = medians(rows), differences(rows)
    assert not apart.rows
    for form in ("text", "markdown", "latex", "csv"):
        assert "wgan" in written([medians_, apart], form)


def test_a_difference_says_of_how_many_pairs_it_is():
    rows = [
        {"scenario": "ring", "method": method, "settings": "", "seed": seed, "status": "done", "folder": method,
         "w1": None if method == "wgan" and seed > 3 else 1.0 + seed}
        for method in ("gan", "wgan") for seed in range(8)
    ]  # fmt: skip
    told = differences(rows, measures=["w1"])
    assert told.rows[0]["pairs"] == 8
    assert "(n = 4)" in written([told], "text")
    assert "of so many pairs" in told.note


def test_two_columns_cannot_be_called_alike():
    rows = [
        {"scenario": "ring", "method": "gan", "settings": "", "seed": 0, "status": "done", "w1": 0.5, "folder": "a"}
    ]
    with pytest.raises(UserError, match="two columns would be called 'seeds'"):
        headed(medians(rows, measures=["w1"]), {"w1": "seeds"})
