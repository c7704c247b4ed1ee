"""The line of settings on a sheet: what is not usual, in words; what is usual is what a scenario gets that says nothing."""

from __future__ import annotations

from inspect import signature

import pytest
from test_draw import synthetic, words

import toygan.draw as draw
from toygan.files.config import Method, Training, as_data
from toygan.files.scenario import read
from toygan.game.constraints import CONSTRAINTS
from toygan.game.objectives import OBJECTIVES
from toygan.game.players import CRITICS, GENERATORS
from toygan.view.apart import flat
from toygan.view.settings import USUAL, plain, settings_in_words, settings_line


def told(*changes, method="ns-gan", scenario="swiss-roll"):
    return settings_in_words(flat(as_data(read(scenario, method, changes))))


def test_what_is_usual_is_what_the_fields_and_builders_give():
    fields = {f"training.{name}": field.default for name, field in Training.model_fields.items()}
    fields |= {f"method.{name}": field.default for name, field in Method.model_fields.items()}
    for key, usual in USUAL.items():
        table, _, last = key.rpartition(".")
        if table in ("training", "method"):
            assert plain(fields[key]) == usual, key
        elif last == "kind":
            assert usual in (fields.get(table, {}) or {"kind": "mlp"}).values()
        else:
            builders = [rows[table] for rows in (CONSTRAINTS, OBJECTIVES, GENERATORS, CRITICS) if table in rows]
            builders = builders or [row for rows in (OBJECTIVES, GENERATORS, CRITICS) for row in rows.values()]
            taken = [plain(found[last].default) for one in builders if last in (found := signature(one).parameters)]
            assert taken, key
            assert set(map(str, taken)) == {str(usual)}, key


def test_only_what_is_not_usual_is_told_and_a_constraints_numbers_always():
    assert told() == []
    assert told(method="wgan-gp") == ["penalty weight 0.1", "2 critic steps", "both rates 0.002"]
    assert told(method="wgan") == ["weights bounded at 0.1", "5 critic steps", "optimiser rmsprop"]
    assert told("method.critic_rate=0.001") == ["critic rate 0.001"]
    assert told("training.batch=64", "critic.width=32", "training.steps=5") == ["batch 64", "critic width 32"]
    assert told(method="wgan-lp")[:2] == ["penalty weight 0.1", "1 penalised side"]
    assert told(method="lsgan") == []
    assert told(method="unrolled-gan")[:3] == ["penalty weight 0.1", "moves unrolled", "moves ahead 5"]


@pytest.mark.parametrize("method", ["sngan", "ebgan", "began", "mmd-gan", "infogan", "ns-gan-smooth", "pacgan", "f-kl"])
def test_settings_are_words(method):
    for setting in told(method=method, scenario="eight-gaussians"):
        assert not {"_", "{", "["} & set(setting)
        assert "None" not in setting


def test_the_sheet_has_the_line():
    config = as_data(read("swiss-roll", "wgan-gp"))
    run = synthetic(frames=2, points=40, grid=13, coarse=5, seeds=2, config=config)
    line = "Settings: penalty weight 0.1, 2 critic steps, both rates 0.002; all else as usual."
    assert settings_line(run) == line
    assert line in words(draw.picture(run))
    assert settings_line(synthetic(frames=2, points=40, grid=13, coarse=5, seeds=2)) == ""
    usual = synthetic(frames=2, points=40, grid=13, coarse=5, seeds=2, config=as_data(read("swiss-roll", "ns-gan")))
    assert settings_line(usual) == "Settings: all as usual."
