"""The words of a sheet, read by someone who meets them for the first time: every letter is explained, every number is of what
it says, and all of it is in the other language too.
"""

from __future__ import annotations

import re
import tomllib
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import crossed
from matplotlib.colors import to_rgba
from matplotlib.text import Text
from test_draw import SMALL, altered, synthetic, words

from toygan import draw
from toygan.draw import panels, sheet
from toygan.draw.choice import chosen
from toygan.draw.moving import BEYOND
from toygan.draw.sheet import first_lines
from toygan.draw.steps import steps
from toygan.files.config import as_data
from toygan.files.scenario import read
from toygan.game.methods import METHODS
from toygan.game.zoo import PLAYED_ON
from toygan.quantities.diagnosis import RULES
from toygan.quantities.optimal import OPTIMA, Told, known_optimum
from toygan.session.again import AS_RECORDED, OTHERWISE
from toygan.session.ground import optimum_told
from toygan.session.measuring import against
from toygan.view.apart import flat
from toygan.view.language import is_wide, told, wrapped
from toygan.view.levels import levels
from toygan.view.look import Options
from toygan.view.scene import optimum_in_words
from toygan.view.settings import ROWS, is_changed, settings_in_words, settings_line
from toygan.view.words import diagnosed, final_notes, names_in, purpose, symbols_in_words

ENGLISH = {"of", "in", "at", "to", "by", "is", "on", "as"}
OWN = {
    "ebgan": "D",
    "began": "Dk",
    "mmd-gan": "f",
    "cramer-gan": "Df",
    "ns-gan-instance-noise": "sI",
}  # said in the formula


@pytest.mark.parametrize("name", METHODS)
def test_every_letter_of_a_formula_is_explained_beneath_it(name):
    """A token of one or two letters is a symbol unless it is a word."""
    formula = ROWS[name]["formula"]
    said = symbols_in_words(formula)
    known = " ".join([formula, *(ROWS[one]["formula"] for one in names_in(formula))])
    short = (
        set(re.findall(r"(?<![\w'.-])[A-Za-z]{1,2}(?![\w-])|(?<=-)[A-Za-z]\b", known))
        - ENGLISH
        - set(OWN.get(name, ""))
    )
    letters = said.rpartition("Letters: ")[2]
    assert not {token for token in short if not re.search(rf"(?<![\w]){token}\b", letters)}, said
    assert all(f"{one}: {ROWS[one]['formula']}." in said for one in names_in(formula))


def test_words_that_are_no_formula_of_this_notation_are_left_alone():
    assert symbols_in_words("") == ""
    assert symbols_in_words("the mean of my own loss") == ""


def test_a_method_with_another_weight_is_not_said_to_play_its_formula_to_the_letter():
    row = {**METHODS["ns-gan-r1"], "critic_steps": 5}
    assert not is_changed("ns-gan-r1", row)
    heavy = row | {"constraint": {"kind": "r1", "weight": 10.0}}
    assert is_changed("ns-gan-r1", heavy)
    assert not is_changed("ns-gan-r1", heavy | {"formula": "my own"})
    assert not is_changed("mine", heavy)
    run = synthetic(frames=3, **SMALL, method="ns-gan-r1", config={"method": heavy})
    assert any(line.startswith("ns-gan-r1 but for the settings below: C: E sp(-r)") for line in purpose(run))


@pytest.mark.parametrize(
    ("name", "setting", "told"),
    [
        ("gan", 'method.constraint="r1"', "constraint r1"),
        ("gan", 'method.objective="wasserstein"', "objective wasserstein"),
        ("ns-gan-r1", 'method.constraint="none"', "constraint none"),
        ("sngan", 'method.constraint="spectral-norm"', "Lipschitz constant 1"),
        ("gan", "method.instance_noise=0.3", "instance noise 0.3"),
        ("gan", "method.pack=2", "points judged at once 2"),
        ("gan", "method.categories=4", "4 categories"),
        ("gan", 'method.also="r1"', "and also r1"),
        ("gan", 'method.update="extragradient"', "moves extragradient"),
        ("lsgan", "method.objective.real=0.9", "real 0.9"),
        ("gan", "method.critic_steps=5", ""),
    ],
)
def test_a_shipped_method_that_something_was_added_to_is_not_said_to_play_its_formula(name, setting, told):
    """Whatever the formula may tell or would tell is compared, and what is changed is named on the same sheet."""
    config = as_data(read("two-moons", name, [setting]))
    run = synthetic(frames=2, **SMALL, method=name, config=config)
    assert is_changed(name, config["method"]) == bool(told)
    assert any(f"{name} but for the settings below: " in line for line in purpose(run)) == bool(told)
    assert told in settings_line(run)


@pytest.mark.parametrize("name", ROWS)
def test_a_shipped_method_as_it_is_shipped_is_not_changed(name):
    config = as_data(read(PLAYED_ON.get(name, "two-moons"), name))
    run = synthetic(frames=2, **SMALL, method=name, config=config)
    assert not is_changed(name, config["method"])
    assert not re.search("objective|constraint", settings_line(run))


def test_densities_and_labels_in_the_optimum_are_said_to_be_such():
    for objective, row in OPTIMA.items():
        line = optimum_in_words(synthetic(frames=3, **SMALL, summary={"optimal": {"how": row.about}}))
        named = bool(re.search(r"\b[pq]\b", row.about))
        assert ("p is the density of real points, q that of generated ones" in line) == named, objective
        assert not re.search(r"\b[ab] [pq]", row.about) or re.search(r", (b and )?a the ", row.about), objective


@pytest.mark.parametrize(
    ("sentence", "said"), [("The only seed converged (W1 0.2), at step 9.", True), ("The only seed shrank.", False)]
)
def test_a_diagnosis_says_of_how_many_points_its_w1_is(sentence, said):
    run = synthetic(frames=3, **SMALL, summary={"diagnosis": [sentence], "critic_points": 400})
    assert diagnosed(run) == sentence + " Here W1 is of a look's 400 points." * said


@pytest.mark.parametrize("floors", [{}, {"frame": {"high_quality": {"mean": 0.98, "spread": 0.01}}}])
def test_dotted_lines_are_explained_where_there_are_some(floors):
    figure = draw.picture(synthetic(frames=3, **SMALL, modes=8, floors=floors))
    dotted = [line for axis in figure.axes for line in axis.lines if line.get_linestyle() == ":" and level(line)]
    assert bool(dotted) == bool(floors)
    assert ("Thin dots: the best that can be reached." in words(figure)) == bool(floors)


def level(line):
    return len(line.get_ydata()) == 2 and len(set(line.get_ydata())) == 1


@pytest.mark.parametrize("parts", [[-1.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 5e-3]])
def test_a_bar_of_few_steps_has_the_colours_of_the_panel(parts):
    """Each step's own colour fills its part of the bar; no colour is there that the panel has not, but for a hair's breadth."""
    scores = np.resize(parts, (20, 20))
    known = levels(scores, np.array([]))
    figure = sheet.blank(3)
    axis = sheet.axis_at(figure, 0.5, 1.0, 2.0, 2.0)
    bar = panels.score_bar(axis, known, "score")
    colours = panels.band_colours(known.edges) / 255
    seen = {tuple(colours[np.searchsorted(known.edges, step)]) for step in parts}
    widths = np.array([np.ptp(path.vertices[:, 0]) for path in bar.fill.get_paths()])
    of_seen = np.array([tuple(to_rgba(face)) in seen for face in bar.fill.get_facecolor()])
    assert len(seen) == len(parts)
    assert widths[of_seen].sum() > 0.99 * (parts[-1] - parts[0])


def test_all_that_shipped_files_and_methods_say_is_in_the_other_language():
    files = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))
    said = [
        str(table[key]) for file in files for table in [tomllib.loads(file.read_text())] for key in ("title", "about")
    ]
    said += [row["look_for"] for row in ROWS.values()] + [symbols_in_words(row["formula"]) for row in ROWS.values()]
    missing = [line for line in said if not any(map(is_wide, told(line, "zh")))]
    english = [line for line in said if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", without_formulas(told(line, "zh")))]
    assert files
    assert missing == english == []


AGAINST = {"method.ema": 0.9, "method.instance_noise": 0.1, "training.data": 50}
GROUNDS = {  # a target's density, and the width of the frozen generator's noise
    "no density": (None, None),
    "a density": (lambda x, blur: -(x**2).sum(axis=-1), None),
    "both": (lambda x, blur: -(x**2).sum(axis=-1), 0.1),
}


@pytest.mark.parametrize(("ground", "kind"), crossed(GROUNDS, OPTIMA, 2))
def test_all_that_is_said_of_an_optimal_critic_is_in_the_other_language(ground, kind):
    """However it was found, whatever its critic is told, and against whichever points."""
    grid, real, (density, std) = np.linspace(-1, 1, 5), np.random.default_rng(0).normal(size=(50, 2)), GROUNDS[ground]
    every = [
        read("eight-gaussians", "wgan-gp", list(some)) for n in range(4) for some in combinations(AGAINST.items(), n)
    ]
    for hears in (Told(), Told(2), Told(1, 0.1), Told(2, 0.1)):
        known = known_optimum(kind, real, grid, grid, density, std, told=hears)
        for part in ("", "; the target by 49 of its 50 points"):
            for config in every if known else ():
                found = known._replace(how=known.how + part)
                how = optimum_told(kind, {}, "mlp", found, against(config))["optimal"]["how"]
                line = told(f"The optimal critic: {how}.", "zh")
                assert not re.search(r"[a-z]{3,} [a-z]{2,}", line), line


def test_what_films_and_moments_add_to_their_words_is_in_the_other_language():
    said = [f"seed 0 shown of 0, 1 · of 600 steps · {status}" for status in (AS_RECORDED, OTHERWISE)]
    said += [words + BEYOND for words in ("scores from 0 to 1", "one score everywhere", "steepness up to 3")]
    assert not [line for line in said if re.search(r"[a-z]{2,}", told(line, "zh"))]


KEPT = "a quarter of their share"
EVIDENCE = {  # what the rules of the diagnosis say of a seed, a label each
    "diverged": ["first seen in this frame: a loss, parameter or point not finite or beyond 10⁶"],
    "runaway-critic": [
        f"{what} from 1 to 50, on a target of size 2"
        for what in ("critic loss", "the critic's steepness", "score gap of the two clouds", "range of scores")
    ],
    "swapped-critic": ["scores generated points 3 above real ones, W1 from 1 to 4"],
    "runaway-generator": ["W1 from 1 to 50, on a target of size 2"],
    "weight-saturation": ["93 % of the critic's parameters at their bound"],
    "exploding-layers": ["gradient 200–3000 times larger at the first of 4 layers than at the last"],
    "vanishing-layers": [
        "gradient 200 times smaller at the first of 4 layers than at the last, in the last look before the seed was lost",
        "none at the first of 4 layers",
    ],
    "vanishing-gradient": ["generator's gradient down to 10⁻⁵ of its largest while W1 is not near its floor"],
    "mode-hopping": [
        f"{hops} moves between modes, {few} of 8 held {KEPT} at a time" for hops, few in ((7, 2), (9, "1–3"))
    ],
    "mode-collapse": [
        f"4–5 of 8 kept {KEPT}, 7 had a point within 3 sigma, and 2 more",
        f"4 of 8 kept {KEPT}, 5 had a point within 3 sigma, the others never half of theirs",
        f"4 of 12 regions of the target kept {KEPT}",
    ],
    "oscillation": ["6–9 swings of 0.3, not damped at the end"],
    "shrunk": ["0.1 times as wide as the target"],
    "converged": [
        "W1 0.1–0.12, 0.9–1.3 times its floor, 8 of 8 modes, share on modes 90–96\N{NO-BREAK SPACE}%",
        "W1 0.1, 1.2 times its floor, share on the curve 95\N{NO-BREAK SPACE}%, share of the curve reached 98\N{NO-BREAK SPACE}%",
    ],
    "still-improving": [
        "W1 fell from 0.2 to 0.1 over the last two fifths",
        "share on modes rose from 80 to 90\N{NO-BREAK SPACE}% over the last two fifths, W1 near its floor",
    ],
}


@pytest.mark.parametrize("label", [row[0] for row in RULES])
def test_what_became_of_seeds_is_in_the_other_language(label):
    """Alone, and before and after another group of seeds: sentences are told apart though they begin with a number."""
    predicate = next(row[1] for row in RULES if row[0] == label)
    for evidence in EVIDENCE[label]:
        for line in (
            f"The only seed {predicate} ({evidence}), at step 300.",
            f"The only seed {predicate}, at step 300. 2 of 8 seeds {predicate}, first at step 3.",
            f"2 of 8 seeds {predicate} ({evidence}), first at step 300. 6 of 8 seeds converged (W1 0.1), at step 7. Here W1 is "
            "of a look's 400 points.",
        ):
            assert not re.search(r"[A-Za-z]{3,}", told(line, "zh")), told(line, "zh")
    assert any(map(is_wide, told(label, "zh")))


VALUES = {
    "tanh",
    "rmsprop",
    "around-real",
    "autoencoder",
    "unrolled",
    "descent",
    "Lipschitz",
    "f-GAN",
}  # as files have them


@pytest.mark.parametrize("method", ROWS)
def test_settings_of_all_methods_are_in_the_other_language(method):
    config = as_data(read(PLAYED_ON.get(method, "eight-gaussians"), method))
    line = told(f"Settings: {', '.join(settings_in_words(flat(config)))}; all else as usual.", "zh")
    assert set(re.findall(r"[A-Za-z-]{3,}", line)) <= VALUES, line


@pytest.mark.parametrize("formula", [row["formula"] for row in ROWS.values()])
def test_formulas_stay_as_they_are(formula):
    assert not any(map(is_wide, told(formula, "zh")))


def test_parts_of_a_list_have_wide_marks_between_and_blanks_on_both_sides_or_on_none():
    assert (
        told("batch 64, cast encoder (judges points, points 1)", "zh")
        == "批大小 64，角色：编码器（评判样本点，样本点权重 1）"
    )
    said = "Curves of W1 are of 400 points a frame. Thin dots: the best that can be reached."
    assert told(said, "zh") == "W1 曲线每帧用 400 个点。细点线：可达到的最佳值。"
    lines = wrapped(told(f"{said} {said}", "zh"), 24)
    assert len(lines) > 3
    assert [line.strip() for line in lines] == lines
    beneath = "step 5 · scores from −0.52 to\n0.25\nW1 0.164 of 400 points (floor\n0.0911, 0.0514–0.141)\n7 of 8 modes"
    assert "scores" not in told(beneath, "zh")
    assert "floor" not in told(beneath, "zh")
    events = "◆ mode-collapse at step 200 (seeds 1, 5); ◆ weight-saturation at step 200 (seed 0)"
    assert told(events, "zh") == "◆ 模式崩溃：第 200 步（种子 1, 5）；◆ 权重饱和：第 200 步（种子 0）"
    broken = "pale: which generator the head\nsays, 4 of 5 in view; D: the data"
    assert not re.search("[a-z]", told(broken, "zh"))
    assert told("pale: which class the head says, 8\nof 8 in view", "zh").replace("\n", "") == (
        "浅色：分类头判断的类，视野内有 8 个中的 8 个"
    )


def without_formulas(text):
    """A text without what stands in formulas of methods, which stay as they are."""
    for row in ROWS.values():
        text = text.replace(row["formula"], "")
    return text


def test_seeds_are_listed_in_the_other_language_too():
    for seeds in ("0, 1", "0, 2, 5", "0, 2, 5, 7", "0–15"):
        line = told(f"seed 0 shown of {seeds}", "zh")
        assert re.fullmatch("所示种子 0（共有 .*）", line)


def test_a_few_scores_that_dwarf_all_others_leave_the_others_their_contrast():
    """As of a ratio of densities, whose tail may reach 10^29 where no point is."""
    x, y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
    near = x + 0.5 * y
    for far in (0.0, 10.0, 1e4, 1e29):
        scores = np.where((x > 0.9) & (y > 0.9), far + near, near)
        known = levels(scores, near[20], exact=True)
        seen = np.bincount(np.digitize(near.ravel(), known.edges)) / near.size
        assert (seen > 0.03).sum() >= 8, far
        assert seen.max() < 0.25, far


def test_a_run_without_an_optimal_critic_says_so():
    run = synthetic(frames=3, **SMALL)
    assert "No optimal critic is drawn: for this game none is known." in words(draw.picture(run))
    best = altered(run, optimal_scores=run.frames["scores"])
    assert "No optimal critic is drawn" not in words(draw.picture(best))


@pytest.mark.parametrize("collapsed", [False, True])
def test_a_count_of_modes_beside_a_collapse_says_how_little_is_enough(collapsed):
    event = {"step": 3, "seed": 0, "label": "mode-collapse", "evidence": "6 of 8 kept a quarter of their share"}
    row = {"seed": 0, "w1": 0.2, "modes": 8, "high_quality": 0.9}
    told = {"summary": {"points": 2000, "w1_points": 1000, "seeds": [row]}, "events": [event] * collapsed}
    said = " ".join(final_notes(synthetic(frames=3, **SMALL, modes=8, **told)))
    assert ("one point within 3 sigma is enough" in said) == collapsed


def test_a_long_diagnosis_is_not_cut():
    sentences = [
        f"{k} of 64 seeds had a critic that ran away (critic loss from 1 to {k}), at step {k}." for k in range(9)
    ]
    run = synthetic(frames=3, **SMALL, summary={"diagnosis": sentences})
    said = words(draw.picture(run)).replace("\n", " ")
    assert all(sentence in said for sentence in sentences)


def test_a_squeezed_axis_of_losses_says_so():
    run = synthetic(frames=9, **SMALL)
    wild = altered(run, critic_loss=np.where(np.arange(9)[:, None] == 4, 1e6, run.metrics["critic_loss"]))
    for one, title in ((run, "losses"), (wild, "losses (log scale)")):
        axis = panels.loss_curves(sheet.axis_at(sheet.blank(3), 0.5, 0.5, 2.0, 2.0), one)
        assert axis.get_title(loc="left") == title


def test_no_number_of_the_table_reaches_its_neighbour():
    figure = sheet.blank(2)
    rows = [("imbalance of modes", "> 99.9\N{NO-BREAK SPACE}%", "−2.34·10⁻¹²")] * 12
    sheet.table_of(figure, rows, 1.5)
    figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in figure.texts), key=lambda box: (round(box.y0), box.x0))
    for left, right in pairwise(boxes):
        assert round(left.y0) != round(right.y0) or left.x1 < right.x0


def test_steps_say_whether_they_share_a_scale():
    run = synthetic(frames=3, **SMALL)
    for scale, said in (("frame", "every panel on its own scale"), ("run", "all steps on one scale")):
        assert said in words(steps(run, [0, 2], Options(scale=scale)))


def test_words_beneath_a_look_keep_off_its_colour_bar():
    figure = steps(synthetic(frames=3, **SMALL), [0, 2])
    figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in figure.findobj(Text) if text.get_text()}
    (bar,) = [box for said, box in boxes.items() if said.startswith("steepness |")]
    (first,) = [box for said, box in boxes.items() if said.startswith("W1 ") and box.x0 < bar.x1]
    assert first.y1 < bar.y0


def test_a_narrow_picture_says_all_of_its_title():
    figure, _ = chosen([synthetic(frames=3, **SMALL)], ["critic"], options=Options(mm=90))
    lines = [text.get_text() for text in figure.texts]
    assert " · ".join(lines[:3]) == "Swiss roll · wgan-gp · seed 0 · step 2000"
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "rings"), [("critic", True), ("trails", False), ("slope", False), ("transport", False)]
)
def test_a_legend_has_rings_where_a_panel_has(name, rings):
    angle = 2 * np.pi * np.arange(8) / 8
    run = synthetic(frames=3, **SMALL, modes=8)
    wide = {"mode_covariances": np.tile(0.01 * np.eye(2), (8, 1, 1)), "mode_weights": np.full(8, 1 / 8)}
    run.frames.update(wide, mode_centres=1.4 * np.stack([np.cos(angle), np.sin(angle)], 1))
    figure, _ = chosen([run], [name])
    assert ("ring: a mode's due share" in words(figure)) == rings


def test_long_numbers_of_a_curve_stay_on_the_sheet():
    run = synthetic(frames=9, **SMALL)
    large = -1.5e6 * np.linspace(0.2, 1, 9)[:, None] * np.ones((9, 2))
    figure = draw.picture(altered(run, critic_loss=large, generator_loss=large, penalty=large))
    figure.canvas.draw()
    (axis,) = [axis for axis in figure.axes if axis.get_title(loc="left") == "losses"]
    low, high = axis.get_ylim()
    numbers = [text for text in axis.get_yticklabels() if low <= text.get_position()[1] <= high]
    assert max(len(text.get_text()) for text in numbers) > sheet.NUMBER
    assert min(text.get_window_extent().x0 for text in numbers) >= 0


def test_a_lost_run_says_nothing_of_measures_that_it_has_not():
    lost = synthetic(frames=3, **SMALL, summary={"points": 2000, "w1_points": 1000, "seeds": [{"seed": 0}]})
    assert not any("fresh points of seed" in note for note in final_notes(lost))


def test_a_command_that_is_cut_says_so():
    words = [f"--set=training.steps={n}" for n in range(60)]
    assert first_lines("toygan sweep a") == ["$ toygan sweep a"]
    lines = first_lines(" ".join(["toygan sweep a", *words]))
    assert len(lines) == 3
    assert "metadata" in lines[-1]
    assert first_lines("") == []
