"""Published experiments: their files are read strictly, counted as the paper counts, and judged by one stated rule."""

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.draw.protocol import Both, protocol_picture
from toygan.exhibits import scores
from toygan.exhibits.agreement import AGREES, DIFFERS, MISSING, RULE, UNKNOWN, compared, published_of
from toygan.exhibits.protocol_files import Protocol, Reported, config_of, left_open, read
from toygan.exhibits.published import Published, planned, rows_of, tasks_of
from toygan.exhibits.rings import RINGS, rings_table
from toygan.exhibits.scores import SCORES, Counting, Ended
from toygan.exhibits.telling import lines_of, table_of, told_in_words
from toygan.files.mistakes import UserError
from toygan.files.scenario import read as scenario
from toygan.files.shipped import shipped_protocols
from toygan.many.written import written
from toygan.quantities.modes import mode_kl, mode_tv
from toygan.session.critics import Opinions
from toygan.session.recording import Recording, load
from toygan.targets.mixtures import ring
from toygan.view.statistics import Interval, mean

pytestmark = pytest.mark.usefixtures("step_by_step")
FILE = """
title = "A small one"

[target]
kind = "ring"
modes = 4
radius = 1.0
std = 0.1

[generator]
width = 8

[critic]
width = 8

[training]
steps = 40
batch = 16
points = 60
frames = 3

[methods.plain]
objective = "non-saturating"

[protocol]
source = "nobody, 2020"
setting = "Very small."
unlike = ["it is invented"]
seeds = 3
share = 0.5
quick = 0.1

[counting]
points = 300
sigma = 2.0
at_least = 3

[[runs]]
name = "plain"
method = "plain"

[[runs]]
name = "longer"
method = "hinge+r1"
set = { training.steps = 80, critic.width = 6 }
seeds = 2
share = 1.0

[[rows]]
run = "plain"
measure = "modes"
published = 3.5
spread = 0.5
kind = "SD"
seeds = 4

[[rows]]
run = "longer"
measure = "mode_tv"
says = "Balanced."
"""


SHORT = FILE.replace("steps = 40", "steps = 10").replace("training.steps = 80", "training.steps = 10")


def in_folder(folder: Path, text: str = FILE, name: str = "small") -> str:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_a_scenario_with_what_was_published(tmp_path):
    protocol = read(in_folder(tmp_path))
    one, two = planned(protocol, tmp_path)
    assert (one.task.config["training"]["steps"], two.task.config["training"]["steps"]) == (20, 80)
    assert (one.share, two.share) == (0.5, 1.0)
    assert (one.task.config["training"]["seeds"], two.task.config["training"]["seeds"]) == (3, 2)
    assert two.task.config["critic"]["width"] == 6
    assert two.task.config["method"]["constraint"]["kind"] == "r1"
    assert not {"protocol", "runs", "rows", "counting"} & one.task.config.keys()
    quick, other = planned(protocol, tmp_path, quick=True)
    assert (quick.task.config["training"]["steps"], other.task.config["training"]["steps"]) == (4, 8)
    assert quick.task.config["training"]["seeds"] == 2
    assert quick.task.folder != one.task.folder
    assert planned(protocol, tmp_path, seeds=7)[1].task.config["training"]["seeds"] == 7


WRONG = {
    ('sigma = 2.0', 'sigm = 2.0'): ("counting.sigm", 'unknown key', 'did you mean "sigma"?'),
    ('seeds = 3\n', 'seds = 3\n'): ("protocol.seds", "unknown key", 'did you mean "seeds"?'),
    ('kind = "SD"', 'kind = "sd"'): ("rows[0].kind", "not one of the legal values", 'did you mean "SD"?'),
    ('measure = "modes"', 'measure = "mods"'): ("rows[0].measure", "'mods' is unknown", 'did you mean "modes"'),
    ('run = "longer"', 'run = "longr"'): ("rows[1].run", "is no run of this protocol", 'did you mean "longer"?'),
    ('name = "longer"', 'name = "plain"'): ("runs[1].name", "another run has this name", "give each its own"),
    ('modes = 4', 'mods = 4'): ("target.mods", "unknown key", 'did you mean "modes"?'),
    ("critic.width = 6", "critic.widht = 6"): ("runs[1].set.critic.widht", "unknown key", 'did you mean "width"?'),
    ('method = "plain"', 'method = "plan"'): ("runs[0].method", '= "plan": unknown', 'did you mean "plain"'),
    ("share = 0.5", "share = 1.5"): ("protocol.share", "less than or equal to 1", ""),
    ("at_least = 3", "at_least = 301"): ("counting.at_least", "more than there are points", "at most 300"),
    ("seeds = 4\n", "\n"): ("rows[0].seeds", "SD needs the number of published seeds", "seeds = 5"),
    ("spread = 0.5\n", "\n"): ("rows[0].spread", "a spread belongs to the kinds SD and SE", "say both, or neither"),
    ('says = "Balanced."', ""): ("rows[1].says", "a picture has no spread, and needs words", "published = 7.6"),
    ("steps = 40\n", ""): ("training.steps", "the published number of steps is missing", "for example 25000"),
    ("seeds = 4\n", "seeds = 4\nlow = 1.0\n"): ("rows[0].low", "a range needs low and high", ""),
    ("critic.width = 6", "training.seeds = 6"): ("runs[1].set", "belongs to the run itself", ""),
    ('measure = "mode_tv"', 'measure = "cosine"'): ("rows[1].measure", "needs the generator funnels", ""),
    ('measure = "mode_tv"', 'measure = "growth"'): ("rows[1].measure", "needs the players of Dirac-GAN", ""),
    ('title = "A small one"\n', 'titel = "A small one"\n'): ("title", "this key is missing", ""),
    ("training.steps = 80", 'training.steps = "80"'): ("runs[1].set.training.steps", "must be a whole number", "25000"),
    ("steps = 40\n", "steps = 40.0\n"): ("training.steps", "must be a whole number", "for example 25000"),
    ('spread = 0.5\nkind = "SD"', 'kind = "share"'): ("rows[0].kind", "a share of seeds belongs", "all_modes, no_mode"),
}  # fmt: skip


@pytest.mark.parametrize("change", WRONG)
def test_a_mistake_is_told_with_its_line(change, tmp_path):
    old, new = change
    text = FILE.replace(old, new, 1)
    assert text != FILE
    key, message, hint = WRONG[change]
    with pytest.raises(UserError) as found:
        read(in_folder(tmp_path, text))
    said = str(found.value)
    assert key in said
    assert message in said
    assert hint in said
    table = key.partition(".")[0].partition("[")[0]
    if new.strip() and table != "title":
        lines = [int(part.partition(", line ")[2].partition(":")[0]) for part in said.split("\n") if ", line " in part]
        wanted = [i for i, line in enumerate(text.split("\n"), 1) if new.strip().split("\n")[-1] in line]
        assert set(wanted) & set(lines), said


def test_a_mistake_of_a_method_is_told_where_it_is_written_and_once(tmp_path):
    with pytest.raises(UserError) as found:
        read(in_folder(tmp_path, FILE.replace('objective = "non-saturating"', 'objective = "non-saturatin"')))
    (mistake,) = found.value.mistakes
    assert "methods.plain.objective" in str(found.value)
    assert mistake.key == ("methods", "plain", "objective", "kind")


def test_a_measure_that_needs_modes_is_refused_where_the_target_has_none(tmp_path):
    text = FILE.replace('kind = "ring"\nmodes = 4\nradius = 1.0\nstd = 0.1', 'kind = "swiss-roll"')
    with pytest.raises(UserError, match=r"(?s)rows\[0\]\.measure.*needs a target with modes"):
        read(in_folder(tmp_path, text))


def test_a_wrong_name_says_the_right_ones():
    with pytest.raises(UserError, match="did you mean"):
        read("dirac-grwth")


# --- the rule --------------------------------------------------------------------------------------------------------


def row(**said: object) -> Reported:
    return Reported(**{"run": "x", "measure": "modes", **said})


T4, T2 = 2.7764451051977987, 4.302652729749462  # Student's 97.5 % quantiles with 4 and 2 degrees of freedom


def test_published_intervals_follow_the_kind_of_spread():
    sd = published_of(row(published=7.6, spread=0.89, kind="SD", seeds=5))
    assert sd[1:3] == pytest.approx((7.55 - T4 * 0.89 / 5**0.5, 7.65 + T4 * 0.89 / 5**0.5))
    se = published_of(row(published=7.6, spread=0.1, kind="SE", seeds=5))
    assert se[1:3] == pytest.approx((7.55 - T4 * 0.1, 7.65 + T4 * 0.1))
    assert published_of(row(published=7.6, spread=0.1, kind="SE"))[1:3] == pytest.approx((7.354, 7.846), abs=1e-3)
    assert published_of(row(published=5.0, low=4.0, high=7.0, kind="range"))[1:3] == pytest.approx((3.95, 7.05))
    wilson = published_of(row(measure="all_modes", published=0.47, kind="share", seeds=200))
    assert wilson[1:3] == pytest.approx((0.402 - 0.005, 0.539 + 0.005), abs=1e-3)
    assert published_of(row(published=0.98061, kind="exact"))[1:3] == pytest.approx((0.980605, 0.980615))
    assert all(math.isnan(end) for end in published_of(row(published=7.6))[1:3])


@pytest.mark.parametrize(
    ("published", "decimals", "half"),
    [
        *[
            (7.6, None, 0.05),
            (1.0, None, 0.05),
            (1.0, 5, 5e-6),
            (47.0, 0, 0.5),
            (1e-5, None, 5e-6),
            (2.5e-7, None, 5e-9),
        ],
        *[(7, None, 0.5), (0, None, 0.5), (-12, None, 0.5), (7, 1, 0.05)],
    ],
)
def test_rounding_is_half_of_the_last_digit(published, decimals, half):
    assert row(published=published, decimals=decimals).rounding == pytest.approx(half)


@pytest.mark.parametrize(("written_as", "half"), [("7", 0.5), ("7.0", 0.05), ("3.5", 0.05)])
def test_a_whole_number_of_a_file_stays_one(written_as, half, tmp_path):
    path = in_folder(tmp_path, FILE.replace("published = 3.5", f"published = {written_as}"))
    first = read(path).rows[0]
    assert (repr(first.published), first.rounding) == (written_as, pytest.approx(half))
    assert published_of(row(published=first.published, kind="exact"))[1:3] == pytest.approx(
        (first.published - half, first.published + half)
    )


@pytest.mark.parametrize("wrong", ['"many"', "true", "nan"])
def test_what_is_no_number_is_refused_in_one_line(wrong, tmp_path):
    with pytest.raises(UserError) as told:
        read(in_folder(tmp_path, FILE.replace("published = 3.5", f"published = {wrong}")))
    (mistake,) = told.value.mistakes
    assert mistake.key == ("rows", 0, "published")
    assert "number" in mistake.message


SD = {"published": 7.6, "spread": 0.5, "kind": "SD", "seeds": 5}  # from 6.93 to 8.27
VERDICTS = [
    (SD, [8.0, 8.0, 8.0, 8.0, 8.0], AGREES),
    (SD, [6.0, 6.0, 6.0, 6.0, 6.0], DIFFERS),
    (SD, [6.0, 7.0, 6.0, 7.0, 6.0], AGREES),  # 6.4 +- 0.68
    (SD, [8.0], UNKNOWN),
    (SD, [8.0, math.nan], UNKNOWN),
    (SD, [math.nan, math.nan], UNKNOWN),
    (SD, None, MISSING),
    ({"says": "a picture"}, [8.0, 8.0], UNKNOWN),
    ({"published": 6.8, "seeds": 1}, [8.0, 8.0, 8.0], DIFFERS),
    ({"published": 6.8, "seeds": 1}, [7.0, 7.5, 8.0], AGREES),  # 7.5 +- 4.3 * .5 * sqrt(4 / 3)
    ({"published": 4.0, "seeds": 1}, [7.0, 7.5, 8.0], DIFFERS),
    ({"published": 0.3, "seeds": 1}, [0.1, 0.9, 0.5], UNKNOWN),  # agrees within +- 2, which says nothing
    ({"measure": "growth", "published": 0.98061, "kind": "exact"}, [0.9806120], AGREES),
    ({"measure": "growth", "published": 0.98061, "kind": "exact"}, [0.9806160], DIFFERS),
    ({"measure": "growth", "published": 0.98061}, [0.9806160], DIFFERS),
    ({"measure": "all_modes", "published": 0.47, "kind": "share", "seeds": 200}, [1.0, 0.0, 1.0, 0.0], AGREES),
    ({"measure": "all_modes", "published": 0.99, "kind": "share", "seeds": 200}, [0.0] * 8, DIFFERS),
]  # fmt: skip


@pytest.mark.parametrize(("said", "values", "verdict"), VERDICTS)
def test_verdicts(said, values, verdict):
    assert compared(row(**said), values, 1.0).verdict == verdict


def test_fewer_steps_are_said_in_the_verdict():
    assert compared(row(**SD), [6.0] * 5, 0.1).words == "differs, after 10\N{NO-BREAK SPACE}% of the steps"
    assert compared(row(**SD), [6.0] * 5, 1.0).words == "differs"
    exact = row(measure="growth", published=0.98061, kind="exact")
    assert compared(exact, [0.980612], 0.1).words == "agrees"  # training has nothing to do with it
    assert compared(row(**SD), [8.0], 0.1).words == "cannot be told (one seed of ours has no interval)"
    assert compared(row(**SD), [8.0, math.nan, 7.0], 1.0).lost == 1


def test_no_interval_reaches_beyond_its_measure():
    """Means of 7.5 of 8 modes and of a share of .95 have Student's intervals that end beyond 8 and 1."""
    found = compared(row(**SD), [7.0, 8.0], 1.0, modes=8)
    assert (found.ours.low, found.ours.high) == (pytest.approx(7.5 - 12.706 * 0.5, abs=1e-3), 8.0)
    assert (found.published.high, found.published.low) == (8.0, published_of(row(**SD)).low)
    share = compared(row(measure="high_quality", published=0.9), [0.9, 1.0], 1.0)
    assert (share.ours.low, share.ours.high) == (pytest.approx(0.3147, abs=1e-3), 1.0)
    tv = compared(row(measure="mode_tv", published=0.1), [0.0, 0.2], 1.0)
    assert (tv.ours.low, tv.ours.high) == (0.0, 1.0)
    cosine = compared(row(measure="cosine", published=0.1), [-0.9, 0.9], 1.0)
    assert (cosine.ours.low, cosine.ours.high) == (-1.0, 1.0)
    gap = compared(row(measure="critic_gap", published=0.1), [-0.2, 0.1], 1.0)
    assert (gap.ours.low, gap.ours.high) == (-1.0, 1.0)
    below = compared(row(measure="critic_gap", published=0.1), [-0.21, -0.19], 1.0)
    assert (below.ours.low, below.ours.high) == pytest.approx((-0.2 - 12.706 * 0.01, -0.2 + 12.706 * 0.01), abs=1e-3)
    assert compared(row(measure="seen_distance", published=0.1), [0.0, 0.2], 1.0).ours.low < 0
    beyond = compared(row(published=8.5), [6.8, 7.0], 1.0, modes=7)  # 8 counted on 7 places: the number is as published
    assert (beyond.published.value, beyond.ours.high) == (8.5, 7.0)


@pytest.mark.parametrize(("said", "values", "verdict"), VERDICTS)
def test_ends_decide_no_verdict(said, values, verdict):
    assert compared(row(**said), values, 1.0, modes=8).verdict == verdict


def test_means_have_students_interval():
    found = mean([1.0, 2.0, 4.0])
    half = T2 * np.std([1, 2, 4], ddof=1) / 3**0.5
    assert found == pytest.approx((7 / 3, 7 / 3 - half, 7 / 3 + half, 3))
    assert mean([3.0])[0] == 3.0
    assert math.isnan(mean([3.0]).low)
    assert mean([]).n == 0


def test_the_docs_state_the_rule():
    page = (Path(__file__).parent.parent / "docs" / "protocols.md").read_text(encoding="utf-8")
    assert " ".join(RULE.split()) in " ".join(page.split())


# --- measures --------------------------------------------------------------------------------------------------------


def test_the_class_off_every_mode_counts_what_is_on_none():
    """Of 8 points 2 are on the first of 4 modes, 2 on the second and 4 off: 1/2 (0 + 0 + 1/4 + 1/4 + 1/2)."""
    modes = ring(modes=4, radius=1.0, std=0.1).modes
    off = np.array([[0.0, 0.0], [0.69, 0.0], [1.31, 0.0], [np.nan, 0.0]])
    points = np.concatenate([np.repeat([[1.0, 0.0], [0.0, 1.0]], 2, axis=0), off])
    assert mode_tv(points, modes) == pytest.approx(0.5)
    assert mode_tv(np.repeat(modes.centres, 5, axis=0), modes) == 0.0
    assert mode_tv(np.full((3, 2), 9.0), modes) == 1.0
    assert mode_tv(points, modes, within=3.2) == pytest.approx((0.25 + 0 + 0.25 + 0.25 + 0.25) / 2)


@pytest.mark.parametrize("sigma", [2.0, 3.0, 4.0])
def test_the_divergence_of_shares_counts_within_the_files_sigma(sigma, monkeypatch):
    """Of 4 modes two are hit in the middle, the third at 2.5 and the fourth at 3.5 sigma: log(4 / how many are within)."""
    modes = ring(modes=4, radius=1.0, std=0.1).modes
    points = modes.centres * np.array([1.0, 1.0, 1.25, 1.35])[:, None]
    monkeypatch.setattr(scores, "modes_of", lambda ended: modes)
    monkeypatch.setattr(scores, "cloud", lambda ended: points[None])
    (found,) = SCORES["mode_kl"].of(Ended(None, Counting(sigma=sigma)))
    assert found == pytest.approx(math.log(4 / {2.0: 2, 3.0: 3, 4.0: 4}[sigma]), abs=1e-12)
    assert found == mode_kl(points, modes, within=sigma)
    assert mode_kl(points, modes) == mode_kl(points, modes, within=3.0)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The runs of the small protocol, one of them finished."""
    from toygan.many import run

    folder = tmp_path_factory.mktemp("runs")
    (one, _) = planned(read(in_folder(folder)), folder, quick=True)
    config = config_of(read(in_folder(folder)), one.group, quick=True)
    return run.carry_out(config, run.Order(one.task.folder, "", animation=False, picture=False))


def with_final(recording: Recording, points: np.ndarray) -> Recording:
    """The recording with other last points [S, n, 2]."""
    return replace(recording, frames={**recording.frames, "final": points})


def test_measures_of_points_count_as_the_file_says(recording):
    """Four modes of deviation 0.1; the first seed has 2 points on one mode, 3 on another and 295 nowhere; the second has all."""
    centres = ring(modes=4, radius=1.0).modes.centres
    one = np.concatenate(
        [np.repeat(centres[:1], 2, axis=0), np.repeat(centres[1:2], 3, axis=0), np.full((295, 2), 5.0)]
    )
    two = np.repeat(centres, 75, axis=0)
    ended = Ended(with_final(recording, np.stack([one, two])), Counting(points=300, sigma=2.0, at_least=3))
    found = {name: score.of(ended) for name, score in SCORES.items() if score.needs == "modes"}
    assert found["modes"].tolist() == [1, 4]
    assert found["high_quality"].tolist() == pytest.approx([5 / 300, 1.0])
    assert found["mode_tv"].tolist() == pytest.approx([295 / 300, 0.0])
    assert found["mode_kl"].tolist() == pytest.approx([0.4 * math.log(1.6) + 0.6 * math.log(2.4), 0.0])
    assert found["all_modes"].tolist() == [0, 1]
    assert found["no_mode"].tolist() == [0, 0]
    few = ended._replace(counting=Counting(points=300, sigma=2.0, at_least=4))
    assert SCORES["no_mode"].of(few).tolist() == [1, 0]


def test_what_a_runs_last_points_have_by_themselves_is_a_measure(recording):
    """W1 and the others are those of the run's summary, by name, label and unit."""
    for name in ("w1", "mmd", "grid_tv", "critic_value"):
        np.testing.assert_array_equal(SCORES[name].of(Ended(recording, Counting())), recording.final(name))
        assert np.isfinite(recording.final(name)).all()
    assert SCORES["w1"].label == "W1"
    names = ("w1", "grid_tv", "critic_value", "kl", "centre_x", "critic_gap", "slope_alignment", "optimal_correlation")
    ends = {name: SCORES[name].ends for name in names}
    signed = dict.fromkeys(names[-3:], (-1.0, 1.0))  # a critic may take the generated points for the better ones
    assert ends == signed | {
        "w1": (0.0, math.inf), "grid_tv": (0.0, 1.0), "critic_value": (-math.inf, math.inf),
        "kl": (-math.inf, math.inf), "centre_x": (-math.inf, math.inf),
    }  # fmt: skip
    assert "core_seconds" not in SCORES


@pytest.mark.parametrize(
    ("measure", "words"), [("grid_tv", "a target with modes"), ("on_skeleton", "a target that is a curve")]
)
def test_a_quantity_that_the_target_has_not_is_refused(measure, words, tmp_path):
    target = 'kind = "swiss-roll"' if measure == "grid_tv" else 'kind = "ring"\nmodes = 4\nradius = 1.0\nstd = 0.1'
    text = FILE.replace('kind = "ring"\nmodes = 4\nradius = 1.0\nstd = 0.1', target)
    text = text.replace('measure = "modes"', f'measure = "{measure}"').replace('measure = "mode_tv"', 'measure = "w1"')
    with pytest.raises(UserError, match=rf"(?s)rows\[0\]\.measure.*needs {words}"):
        read(in_folder(tmp_path, text))


def test_final_measures_come_again_from_the_frames_by_numpy_alone(recording):
    """W1 by the cheapest pairing of the first points with the real ones they were judged against, modes by distances."""
    final, real = recording.frames["final"].astype(float), recording.judged_against()
    n = recording.facts.summary.w1_points
    centres = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], float)
    for s, points in enumerate(final):
        cost = cdist(points[:n], real[:n])
        assert recording.final("w1")[s] == pytest.approx(cost[linear_sum_assignment(cost)].mean(), rel=1e-9)
        away = cdist(points, centres) / 0.1
        assert recording.final("modes")[s] == len(set(away.argmin(axis=1)[away.min(axis=1) <= 3]))
        assert recording.final("high_quality")[s] == pytest.approx((away.min(axis=1) <= 3).mean())
    assert not np.isin(real, recording.frames["real"]).any()


def test_points_are_the_recordings_own_as_far_as_they_reach(recording):
    final = recording.frames["final"]
    np.testing.assert_array_equal(scores.cloud(Ended(recording, Counting(points=300))), final[:, :300])
    more = scores.cloud(Ended(recording, Counting(points=2500)))
    np.testing.assert_array_equal(more, recording.sample(2500))


FUNNELS = """
title = "Funnels"
[target]
kind = "uniform"
low = [-2.5, -2.5]
high = [2.5, 2.5]
[generator]
kind = "funnels"
[critic]
width = 6
depth = 1
[training]
steps = 4
batch = 16
points = 60
[protocol]
source = "nobody"
setting = "Small."
seeds = 2
[counting]
points = 500
[[runs]]
name = "one"
method = "wasserstein+none"
[[rows]]
run = "one"
measure = "cosine"
published = 0.5
"""


def test_a_critic_is_held_against_the_true_slope(tmp_path, monkeypatch):
    """The optimal critic has cosine 1 and distance 0, its opposite -1 and 4, and a flat one 0 and 1."""
    from toygan.many import run

    protocol = read(in_folder(tmp_path, FUNNELS))
    config = config_of(protocol, protocol.runs[0])
    played = run.carry_out(config, run.Order(tmp_path / "run", "", animation=False, picture=False))
    ended = Ended(played, protocol.counting)
    assert SCORES["cosine"].of(ended).shape == (2,)
    told = played.config()

    def opinions(recording: Recording, points: np.ndarray) -> Opinions:
        right = scores.true_slopes(told, points)
        height = scores_of(points)
        return Opinions(np.stack([height, -height]), np.stack([right, -right]))

    def scores_of(points: np.ndarray) -> np.ndarray:
        from toygan.targets.funnels import potential

        return potential(points, np.array(told.generator.centres), np.array(told.generator.offsets))

    monkeypatch.setattr(scores, "opinions", opinions)
    assert SCORES["cosine"].of(ended).tolist() == pytest.approx([1.0, -1.0])
    assert SCORES["slope_error"].of(ended).tolist() == pytest.approx([0.0, 4.0], abs=1e-12)
    # By torch.cdist a tenth of the true slopes are lost to rounding, so that the optimal critic itself does not reach 1.
    cosine, distance = (SCORES[name].of(ended) for name in ("cosine_by_cdist", "slope_error_by_cdist"))
    assert 0.7 < cosine[0] == -cosine[1] < 0.97
    assert 0.03 < distance[0] < 0.3
    points = scores.carried(told, 4096)[1]
    right, rounded = scores.true_slopes(told, points), scores.rounded_slopes(told, points)
    far = np.linalg.norm(points[:, None] - np.array(told.generator.centres), axis=2).min(axis=1) > 0.1
    np.testing.assert_allclose(rounded[far], right[far], atol=0.02)
    assert 0.05 < (rounded == 0).all(axis=1).mean() < 0.2
    way = SCORES["true_distance"].of(ended)
    seen = SCORES["seen_distance"].of(ended)
    assert seen[0] == -seen[1]
    assert abs(seen[0] - way.mean()) < 0.15  # of independent points, as the critic is shown them
    monkeypatch.setattr(
        scores, "opinions", lambda recording, x: Opinions(np.zeros((2, len(x))), np.zeros((2, *x.shape)))
    )
    assert SCORES["cosine"].of(ended).tolist() == [0.0, 0.0]
    assert SCORES["slope_error"].of(ended).tolist() == pytest.approx([1.0, 1.0])


SMALL = """
title = "Two small players"
[target]
kind = "ring"
modes = 4
[generator]
width = 4
depth = 1
activation = "tanh"
[critic]
width = 4
depth = 1
activation = "tanh"
[training]
steps = 3
batch = 16
points = 60
[methods.plain]
objective = "minimax"
update = "simultaneous"
[protocol]
source = "nobody"
setting = "Small."
found = ["It turns."]
seeds = 1
[[runs]]
name = "one"
method = "plain"
[[rows]]
run = "one"
measure = "growing"
says = "some"
[[rows]]
run = "one"
measure = "rightmost"
published = 0.1
"""


def test_eigenvalues_are_those_of_the_spectrum(tmp_path):
    from toygan.many import run
    from toygan.session.spectrum import spectrum_of

    protocol = read(in_folder(tmp_path, SMALL))
    (attempt,) = planned(protocol, tmp_path)
    run.carry_out(
        config_of(protocol, protocol.runs[0]), run.Order(attempt.task.folder, "", animation=False, picture=False)
    )
    recording = load(attempt.task.folder)
    seen = spectrum_of(recording)
    ended = Ended(recording, protocol.counting)
    (growing,), (right,) = (SCORES[name].of(ended) for name in ("growing", "rightmost"))
    assert growing == pytest.approx((np.abs(seen.multipliers) > 1 + 1e-7).mean())
    assert right == pytest.approx(seen.rates.real.max(), abs=1e-9)
    assert [one.verdict for one in rows_of(protocol, [attempt])] == [UNKNOWN, UNKNOWN]  # a picture; one seed
    assert told_in_words(protocol)["found 1"] == "It turns."


def test_players_too_large_for_a_jacobian_have_no_eigenvalues(tmp_path):
    with pytest.raises(UserError, match="needs perceptrons of 2100 parameters at most, and the run has none"):
        read(in_folder(tmp_path, SMALL.replace("width = 4\ndepth = 1", "width = 64\ndepth = 3", 1)))


def test_rings_of_one_name_are_far_apart_in_deviations():
    """2 r sin(pi / n) / s; the widest is thirty times the narrowest, and seven places are not eight."""
    by_paper = {one.paper: one for one in RINGS}
    assert by_paper["PacGAN, 2018"].apart == pytest.approx(2 * math.sin(math.pi / 8) / 0.01)
    assert round(by_paper["FFJORD; KSGAN"].apart) == 6
    assert round(by_paper["Bures"].apart) == 191
    assert by_paper["GDPP, 2018 (WGAN-GP)"].places == 7
    for one in RINGS:
        if one.ours[0]:
            assert one.ours[1] in [group.name for group in shipped(one.ours[0]).runs]


def test_the_table_of_rings_has_our_numbers_where_there_are_runs(tmp_path):
    protocol = shipped("paired-ring")
    rows = [compared(row, [6.0, 7.0, 8.0], 1.0, modes=8) for row in protocol.rows]
    found = rings_table([Published(protocol, rows, None, "")])
    told = {row["ring of"]: row["ours finds"] for row in found.rows}
    assert told["paired discriminator, 2026"].startswith("7 [")
    assert told["PacGAN, 2018"] == "-"
    assert len(found.rows) == len(RINGS)


def test_growth_is_that_of_the_programs_own_step(tmp_path):
    runs = planned(shipped("dirac-growth"), tmp_path)
    from toygan.files.config import Config
    from toygan.files.strict import Source, check
    from toygan.many import run

    (task,) = [one.task for one in runs if one.group.name == "WGAN, extragradient"]
    config = check(Config, {**task.config, "training": {**task.config["training"], "steps": 2}}, Source("x"))
    played = run.carry_out(config, run.Order(tmp_path / "run", "", animation=False, picture=False))
    (found,) = SCORES["growth"].of(Ended(played, Counting()))
    assert found == pytest.approx(math.sqrt(1 - 0.2**2 + 0.2**4), abs=1e-7)


RATES = [("method.optimiser", "descent"), ("method.generator_rate", 0.2), ("method.critic_rate", 0.2)]


def test_growth_of_a_rule_with_a_period_is_the_mean_of_its_steps():
    lookahead = ("method.update", {"kind": "lookahead", "k": 5})
    config = scenario("dirac", "ns-gan", [("method.objective", "minimax"), lookahead, *RATES, ("training.batch", 60)])
    (found,) = SCORES["growth"].of(Ended(SimpleNamespace(config=lambda: config), Counting()))
    step = np.array([[1.0, -0.1], [0.1, 1.0]])  # both players at once: f'(0) h = 0.5 * 0.2
    between = 0.5 * np.eye(2) + 0.5 * np.linalg.matrix_power(step, 5)
    assert found == pytest.approx(abs(np.linalg.eigvals(between)).max() ** (1 / 5), abs=1e-7)
    assert found == pytest.approx(0.99624, abs=5e-6)


def test_what_a_file_leaves_to_toygan_is_told(tmp_path):
    """Rates and their fall are toygan's where a file says nothing of them; what any run of the file says is not told."""
    said = left_open(read(in_folder(tmp_path)))
    assert said["method.schedule"] == "linear"
    assert said["generator.depth"] == 3
    assert not {"generator.width", "critic.width", "training.batch"} & said.keys()
    closed = FILE.replace("[methods.plain]", '[method]\nschedule = "constant"\n\n[methods.plain]\ncritic_rate = 1e-3')
    closed = closed.replace("[generator]", '[generator]\nkind = "mlp"\ndepth = 2')
    assert (
        not {"method.schedule", "method.critic_rate", "generator.depth"}
        & left_open(read(in_folder(tmp_path, closed))).keys()
    )
    assert "method.schedule = linear" in told_in_words(read(in_folder(tmp_path)))["as toygan has it"]


@cache
def shipped(name: str) -> Protocol:
    """A shipped protocol, read once for all tests."""
    return read(name)


# --- shipped ones ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_protocols())
def test_a_shipped_protocol_is_planned_and_says_what_it_is(name, tmp_path):
    protocol = shipped(name)
    runs = planned(protocol, tmp_path, quick=True)
    assert len(tasks_of(runs)) <= len(runs)
    assert {one.run for one in protocol.rows} == {group.name for group in protocol.runs}
    words = told_in_words(protocol)
    assert {"source", "setting", "runs"} <= words.keys()
    assert protocol.protocol.number > 0
    whole = [one.share for one in planned(protocol, tmp_path)]
    assert all(share <= 1 for share in whole)
    assert protocol.protocol.rest or min(whole) == 1, "what is not run must be said"


def test_no_two_shipped_protocols_have_one_title():
    titles = [shipped(name).title for name in shipped_protocols()]
    assert len(titles) == len(set(titles)) >= 3


# --- the command -----------------------------------------------------------------------------------------------------


def call(*words: str):
    return CliRunner().invoke(app, list(words))


def test_the_command_runs_tells_draws_and_goes_on(tmp_path, monkeypatch, no_processes):
    monkeypatch.chdir(tmp_path)
    path = in_folder(tmp_path, SHORT)
    first = call("protocol", path, "--workers", "1", "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert [one["verdict"] for one in told["rows"]][1] == UNKNOWN
    modes = told["rows"][0]
    recording = load(told["runs"][0])
    values = SCORES["modes"].of(Ended(recording, Counting(points=300, sigma=2.0, at_least=3)))
    assert modes["seeds"] == 3
    assert modes["ours"] == pytest.approx(values.mean())
    low, high = mean(list(values))[1:3]
    assert modes["interval"] == pytest.approx([max(low, 0.0), min(high, 4.0)])  # no fewer than none, no more than four
    assert modes["share"] == 0.5
    assert Path(told["picture"]).exists()
    assert told["picture"] == "runs/protocols/small.png"
    times = {file: file.stat().st_mtime_ns for file in Path("runs").rglob("frames.npz")}
    assert len(times) == 2
    again = call("protocol", path, "--workers", "1")
    assert again.exit_code == 0, again.output
    assert {file: file.stat().st_mtime_ns for file in Path("runs").rglob("frames.npz")} == times
    assert "3.5 ± 0.5 (SD of 4 seeds)" in again.stdout
    assert "after 50\N{NO-BREAK SPACE}% of the steps" in again.stdout
    assert "cannot be told (the published result is a picture)" in again.stdout
    assert "unlike: it is invented" in again.stdout
    markdown = call("protocol", path, "--workers", "1", "--format", "markdown").stdout
    assert "| plain | modes found | 3.5 ± 0.5 (SD of 4 seeds) |" in markdown


def test_quick_says_so(tmp_path, monkeypatch, no_processes):
    monkeypatch.chdir(tmp_path)
    result = call("protocol", in_folder(tmp_path), "--quick", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "it decides nothing" in result.stdout
    assert Path("runs/protocols/small-quick.png").exists()


def test_seeds_that_diverged_are_told(tmp_path, monkeypatch, no_processes):
    """They find no mode, which counts; but that they were lost is said beside it."""
    monkeypatch.chdir(tmp_path)
    text = SHORT.replace(
        "[methods.plain]", "[methods.plain]\ncritic_rate = 1e9\ngenerator_rate = 1e9\noptimiser = 'descent'"
    )
    text = text.replace('objective = "non-saturating"', 'objective = "wasserstein"')
    result = call("protocol", in_folder(tmp_path, text), "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "0 (3 seeds, 3 diverged)" in result.stdout


def test_a_file_is_shown_as_a_shipped_one_is(tmp_path):
    result = call("show", in_folder(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("protocol small: A small one")
    assert "3.5 ± 0.5 (SD of 4 seeds)" in result.stdout
    assert call("show", in_folder(tmp_path, "[protocol", "broken")).exit_code == 2


def test_without_a_name_they_are_listed():
    listed = call("protocol").stdout
    assert all(name in listed for name in shipped_protocols())
    assert set(json.loads(call("protocol", "--json").stdout)["protocols"]) == set(shipped_protocols())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], "no protocol has this name"),
        (["dirac-growth", "--format", "html"], "--format html: unknown"),
        (["dirac-growth", "--seeds", "0"], "--seeds"),
        (["missing.toml"], "there is no such file"),
    ],
)
def test_a_wrong_command_is_one_message(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("protocol", *words)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_made_is_told_as_such(tmp_path):
    protocol = read(in_folder(tmp_path))
    rows = rows_of(protocol, planned(protocol, tmp_path / "none"))
    assert [one.verdict for one in rows] == [MISSING, MISSING]
    assert "not run" in written([table_of(protocol, rows, False)], "markdown")


NONE = (math.nan, math.nan)


def test_the_picture_shows_both_numbers_and_the_verdict():
    both = [
        Both("plain", "modes found", False, Interval(7.6, 7.0, 8.2, 5), Interval(6.0, 5.5, 6.5, 5), DIFFERS),
        Both("other", "share on a mode", True, Interval(0.8, *NONE, 0), Interval(math.nan, *NONE, 0), MISSING),
    ]
    figure = protocol_picture("Title", both, "toygan protocol x", "")
    modes, shares = figure.axes
    bars = [line.get_xdata().tolist() for line in modes.lines]
    assert bars == [[7.0, 8.2], [7.6], [5.5, 6.5], [6.0]]
    assert [text.get_text() for text in modes.texts] == [DIFFERS]
    assert len(shares.lines) == 2
    assert "toygan protocol x" in {text.get_text() for text in figure.texts}


def test_no_verdict_is_cut_off():
    """The longest that there is ends within the picture."""
    words = "differs,\nafter 0.5\N{NO-BREAK SPACE}% of the steps"
    lines = [Both("a run", "modes found", False, Interval(7.6, 7, 8, 5), Interval(6, 5, 7, 5), words)]
    figure = protocol_picture("Title", lines, "toygan protocol x", "")
    figure.canvas.draw()
    texts = [text for axis in figure.axes for text in axis.texts if "of the steps" in text.get_text()]
    assert texts
    assert all(text.get_window_extent().x1 < figure.bbox.x1 for text in texts)


def test_rows_without_a_number_are_in_no_picture(tmp_path):
    protocol = read(in_folder(tmp_path))
    assert isinstance(protocol, Protocol)
    assert len(lines_of(rows_of(protocol, planned(protocol, tmp_path / "none")))) == 1
