"""Games that are typed in: the grammar against Python's own numbers, mistakes with a caret, multipliers by closed forms."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from conftest import sampled
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.cli.views import setting_of
from toygan.draw.dirac import TYPED, WHO, portraits
from toygan.files.formula import FUNCTIONS, LONGEST, formula
from toygan.files.mistakes import UserError
from toygan.game.rules import RULES
from toygan.session.dirac import Portrait
from toygan.session.typed import Ask, ask_of, config_of, has_kink, rests_of, typed, typed_portrait

torch.set_num_threads(1)
LETCHER = "x*y - x^2/2 + y^2/2 + x^4/4 - y^4/4"  # Letcher, 2020, arXiv:2005.12649
LETCHER_RULES = [
    "simultaneous", "alternating", "extragradient", "optimistic", "consensus", "cgd", "sga", "lola:shaping=0", "lola", "sos",
]  # fmt: skip


def at(text: str, x: float, y: float) -> float:
    """A formula's value at a place."""
    place = torch.tensor([[x], [y]], dtype=torch.float64)
    return float(formula(text, "it")(*place))


def drawn(text: str, rule: str, **ask: float | str) -> Portrait:
    """The portrait of a typed game under a rule."""
    how = ask_of(**{"steps": 20, **ask})
    return typed_portrait(typed(text), how, config_of(how, [setting_of(rule)]))


# --- the grammar -----------------------------------------------------------------------------------------------------

VALUES: dict[str, Callable[[float, float], float]] = {
    "1": lambda x, y: 1.0,
    "x - y - 1": lambda x, y: x - y - 1,
    "x - (y - 1)": lambda x, y: x - (y - 1),
    "x / y / 2": lambda x, y: x / y / 2,
    "x / y * 2": lambda x, y: x / y * 2,
    "-x^2": lambda x, y: -(x**2),
    "(-x)^2": lambda x, y: x**2,
    "x^2^3": lambda x, y: x**8,
    "x**2**3": lambda x, y: x**8,
    "2^-x": lambda x, y: 2**-x,
    "--x + +y": lambda x, y: x + y,
    "x*-y": lambda x, y: -x * y,
    " 1.5e-1*x\t+ .5 + 2. ": lambda x, y: 0.15 * x + 2.5,
    "sin(x)*cos(y) + exp(-x) - log(y) + tanh(x*y)": lambda x, y: (
        math.sin(x) * math.cos(y) + math.exp(-x) - math.log(y) + math.tanh(x * y)
    ),
    "sqrt(abs(-x)) * pi": lambda x, y: math.sqrt(abs(x)) * math.pi,
    "(((x)))": lambda x, y: x,
    "exp(-(x^2 + y^2)/2)*(x - 3*y)": lambda x, y: math.exp(-(x**2 + y**2) / 2) * (x - 3 * y),
    LETCHER: lambda x, y: x * y - x**2 / 2 + y**2 / 2 + x**4 / 4 - y**4 / 4,
}


@pytest.mark.parametrize("text", VALUES)
def test_a_formula_is_what_it_says(text: str) -> None:
    for x, y in ((0.7, 1.3), (1.9, 0.4)):
        assert at(text, x, y) == pytest.approx(VALUES[text](x, y), rel=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_pythons(name: str) -> None:
    python = abs if name == "abs" else getattr(math, name)
    assert at(f"{name}(x)", 0.7, 0) == pytest.approx(python(0.7), rel=1e-14)


WRONG = {  # what is typed -> where the caret stands, and a part of what is said
    "x*y - ^2": (6, "'^' where a value should be"),
    "x**2 + 3x": (8, "what follows a value is one of + - * / ^, as in 2*x"),
    "x y": (2, "what follows"),
    "sin x": (4, "sin wants a bracket, as in sin(x)"),
    "foo(x)": (0, "'foo' is unknown"),
    "coss(x)": (0, 'did you mean "cos"'),
    "x*z": (2, "'z' is unknown"),
    "(x*y": (0, "this bracket is never closed"),
    "x*y)": (3, "')' is too much here"),
    "x*": (2, "a value is missing at the end"),
    "": (0, "a value is missing at the end"),
    "x @ y": (2, "'@' means nothing here"),
    "1e999*x": (0, "too large a number"),
    "__import__('os').system('true')": (0, "'__import__' is unknown"),
    "x.__class__": (1, "'.' means nothing here"),
    "lambda: 0": (0, "'lambda' is unknown"),
    "x; y; x": (4, "one formula, or two with a ; between"),
    "-" * 60 + "x": (41, "more than 40 deep"),
    "(" * 60 + "x": (41, "more than 40 deep"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_one_message_with_a_caret_at_its_place(text: str) -> None:
    place, part = WRONG[text]
    with pytest.raises(UserError) as error:
        typed(text)
    head, line, caret = str(error.value).split("\n")
    assert head.startswith("--game")
    assert part in head
    assert line == f"  {text}"
    assert caret == " " * (2 + place) + "^"


def test_of_two_formulas_the_one_is_named() -> None:
    with pytest.raises(UserError, match="what y minimises: a value is missing"):
        typed("x;")
    with pytest.raises(UserError, match="what x minimises: '@' means nothing"):
        typed("@; y")


def test_a_long_formula_is_shown_around_its_mistake_and_a_longer_one_is_refused() -> None:
    text = "+".join(["x"] * 100) + "+z+" + "+".join(["y"] * 100)
    with pytest.raises(UserError) as error:
        typed(text)
    _, line, caret = str(error.value).split("\n")
    assert len(line) <= 102
    assert line[caret.index("^")] == "z"
    long = "+".join(["x"] * (LONGEST // 2))
    assert at(long, 0.5, 0.0) == pytest.approx(LONGEST / 4)
    with pytest.raises(UserError, match=f"{LONGEST} are the most"):
        typed(long + "+x+x")


def test_whatever_is_typed_it_is_a_value_or_a_clear_mistake() -> None:
    rng = np.random.default_rng(0)
    pieces = [
        "x",
        "y",
        "1",
        "2.5",
        "+",
        "-",
        "*",
        "/",
        "^",
        "(",
        ")",
        "sin",
        "log(",
        "sqrt(",
        ";",
        " ",
        "$",
        "é",
        "e",
        ".",
    ]
    said: list[str] = []
    for _ in range(2000):
        text = "".join(rng.choice(pieces, size=rng.integers(1, 9)))
        try:
            typed(text)
        except UserError as error:
            said.append(str(error))
    assert 500 < len(said) < 1950
    assert all(one.splitlines()[-1].strip() == "^" for one in said)


# --- the game --------------------------------------------------------------------------------------------------------

SIZES: dict[str, float] = {  # |m| of one step of 0.2 on x*y; protocols of the field
    "simultaneous": 1.04**0.5,
    "alternating": 1.0,
    "extragradient": (1 - 0.04 + 0.0016) ** 0.5,
    "cgd": 1 / 1.04**0.5,
    "sga": (0.8**2 + 0.04) ** 0.5,
    "lola": (0.92**2 + 0.04) ** 0.5,
    "lola:shaping=0": (0.96**2 + 0.04) ** 0.5,
    "lookahead": abs(0.5 + 0.5 * (1 - 0.2j) ** 5) ** 0.2,
}


@pytest.mark.parametrize("rule", SIZES)
def test_the_bilinear_game_grows_as_theory_says(rule: str) -> None:
    found = drawn("x*y", rule)
    assert abs(found.eigenvalues.multipliers[0]) == pytest.approx(SIZES[rule], abs=1e-8)
    np.testing.assert_array_equal(found.rests, [[0, 0]])
    np.testing.assert_array_equal(found.path[0], [1, 1])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_plays_a_typed_game_as_it_plays_the_dirac_gan(rule: str) -> None:
    """The critic gains psi theta and the generator loses it: x minimises -x y, y maximises it."""
    from toygan.session.dirac import portrait

    found = drawn("-x*y", rule)
    wanted = portrait("wasserstein+none", [setting_of(rule), "training.steps=20", "training.batch=1"])
    np.testing.assert_allclose(found.path, wanted.path, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.field, wanted.field, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        np.sort(np.abs(found.eigenvalues.multipliers)), np.sort(np.abs(wanted.eigenvalues.multipliers)), atol=1e-6
    )


def test_two_losses_are_a_game_of_their_own() -> None:
    """x minimises (x - 1)^2 + x y, y minimises y^2: rest at (1, 0), Jacobian [[2, 1], [0, 2]]."""
    found = drawn("(x - 1)^2 + x*y; y^2", "simultaneous", rate=0.1)
    np.testing.assert_allclose(found.rests, [[1, 0]], atol=1e-12)
    np.testing.assert_allclose(np.abs(found.eigenvalues.multipliers), [0.8, 0.8], atol=1e-6)


def test_every_place_of_rest_has_its_multiplier() -> None:
    """f = x^4/4 - x^2/2 - y^2/2: rest at x = 0, where f'' = -1, and at -1 and 1, where it is 2."""
    found = drawn("x^4/4 - x^2/2 - y^2/2", "simultaneous", rate=0.1)
    np.testing.assert_allclose(found.rests, [[0, 0], [-1, 0], [1, 0]], atol=1e-9)
    assert "near (0, 0) |m| = 1.1: runs away" in found.words
    assert "near (1, 0) |m| = 0.9: comes home" in found.words


def test_what_has_no_rest_or_a_curve_of_it_says_so() -> None:
    assert "no slope vanishes for both" in drawn("x + y", "simultaneous").words
    assert "maybe along curves" in drawn("x^2*y^2", "simultaneous").words
    assert not len(drawn("x^2*y^2", "simultaneous").rests)
    assert drawn("3", "consensus").more == ("After 20 steps at (1, 1), moving 0 a step.",)


def test_a_kink_has_no_multiplier() -> None:
    assert has_kink(typed("abs(x)*y"), (0.0, 0.0))
    assert not has_kink(typed("abs(x)*y + x^3"), (0.5, 0.0))
    assert drawn("abs(x)*y", "simultaneous").words == "no derivative at (0, 0)"


def test_a_path_that_leaves_or_arrives_says_so() -> None:
    assert drawn("-x^4 - y^2", "simultaneous").more[0].startswith("Left all bounds in step")
    assert drawn("x^2 - y^2", "simultaneous", steps=200).more == ("At rest after 200 steps.",)


@pytest.mark.parametrize("rule", sampled(LETCHER_RULES, 4))
def test_in_letchers_game_no_rule_comes_to_rest(rule: str) -> None:
    """Its only place of rest is a strict maximum for x and a strict minimum for y, from which small offsets grow. Steps are
    ten times the published ones, and a tenth as many.
    """
    found = drawn(LETCHER, rule, rate=0.1, steps=300)
    np.testing.assert_array_equal(found.rests, [[0, 0]])
    assert abs(found.eigenvalues.multipliers[0]) > 1 + 1e-4
    late = found.path[200:]
    assert len(late) == 101
    assert np.linalg.norm(late, axis=1).min() > 0.05
    assert np.linalg.norm(late, axis=1).max() < 2
    assert np.linalg.norm(np.diff(late, axis=0), axis=1).min() > 5e-3


def test_newton_finds_rest_outside_the_origin() -> None:
    assert rests_of(typed("sin(x)*y; cos(y)*x - x"), 1.0)[0] == (0.0, 0.0)


# --- the command -----------------------------------------------------------------------------------------------------


def invoked(*words: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["dirac", *words])
    return found.exit_code, found.stdout, found.stderr


def test_the_command_draws_a_typed_game(tmp_path) -> None:
    out = tmp_path / "g.png"
    code, said, _ = invoked(
        "--game",
        "x*y",
        "-u",
        "cgd",
        "-u",
        "sga:weight=0.5",
        "--steps",
        "9",
        "--start",
        "0.5,-1",
        "--out",
        str(out),
        "--json",
    )
    told = json.loads(said)["portraits"]
    assert code == 0
    assert [one["title"] for one in told] == ["cgd", "sga, weight 0.5"]
    assert np.hypot(*told[0]["multipliers"][0]) == pytest.approx(1 / 1.04**0.5, abs=1e-8)
    assert told[0]["rests"] == [[0, 0]]
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--game", "x*"], "a value is missing"),
        (["--game", "x*y", "-m", "gan"], "in place of a method"),
        (["--rate", "0.1"], "goes with --game"),
        (["--game", "x*y", "--rate", "0"], "--rate 0.0"),
        (["--game", "x*y", "--window", "nan"], "--window nan"),
        (["--game", "x*y", "--steps", "0"], "--steps 0"),
        (["--game", "x*y", "--start", "1"], "two numbers"),
        (["--game", "x*y", "--start", "1,inf"], "two numbers"),
        (["--game", "log(x - 5)*y"], "at the start (1, 1) its slope is no number"),
        (["--game", "x*y", "-u", "nonsense"], "legal values"),
        (["--game", "x*y", "-u", "lola:shapin=1"], "did you mean"),
    ],
)
def test_a_mistake_ends_with_2_and_no_traceback(words: list[str], part: str) -> None:
    code, said, told = invoked(*words)
    assert code == 2
    assert not said
    assert part in " ".join(told.split())
    assert "Traceback" not in told


def test_the_picture_shows_rests_letters_and_words() -> None:
    found = drawn("x^4/4 - x^2/2 - y^2/2", "simultaneous")
    figure = portraits([found], "toygan dirac", "a title", TYPED.format(who=WHO[0]))
    panel = figure.axes[0]
    crosses = [line for line in panel.lines if line.get_marker() == "+"]
    np.testing.assert_allclose(crosses[0].get_xydata(), found.rests)
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("x", "y")
    words = " ".join(text.get_text().replace("\n", " ") for text in panel.texts)
    assert found.more[0] in words
    assert "near (1, 0)" in words


def test_a_place_without_a_number_is_drawn_as_nothing() -> None:
    found = drawn("log(x)*y", "simultaneous", start="1,0.1", steps=3)
    assert not np.isfinite(found.field[:, 0]).all()
    portraits([found])
    portraits([found._replace(field=np.full_like(found.field, np.nan))])


def test_what_is_asked_for_has_defaults() -> None:
    assert ask_of() == Ask()
    assert ask_of(start="2, -1", rate=0.5).start == (2.0, -1.0)
