"""A picture of more points: a panel a seed, every point in its place, and what is not shown is said."""

from __future__ import annotations

import numpy as np
import pytest
from test_draw import synthetic

from toygan.draw.clouds import fresh
from toygan.draw.points import GENERATED
from toygan.draw.saved import save_figure


def drawn(figure) -> list[np.ndarray]:
    """The generated points of every panel [M, 2]."""
    titled = [axis for axis in figure.axes if axis.get_title(loc="left").startswith("seed")]
    return [np.column_stack(line.get_data()) for axis in titled for line in axis.lines if line.get_color() == GENERATED]


@pytest.mark.parametrize(("seeds", "panels"), [(1, 1), (4, 4), (9, 6)])
def test_every_seed_has_a_panel_with_its_points(seeds, panels):
    recording = synthetic(frames=2, seeds=seeds, points=20)
    points = np.random.default_rng(0).uniform(-2, 2, (seeds, 33, 2)).astype("f4")
    figure = fresh(recording, points)
    for cloud, seen in zip(points, drawn(figure), strict=False):
        np.testing.assert_array_equal(cloud, seen)
    assert len(drawn(figure)) == panels
    words = [text.get_text() for text in figure.texts]
    assert "Swiss roll · wgan-gp · 33 fresh points a seed" in words
    assert any("shown of 0–8" in text for text in words) == (seeds == 9)


def test_lost_points_and_those_outside_are_told():
    points = np.full((2, 10, 2), np.nan)
    points[0] = 0
    points[0, 0] = 100
    figure = fresh(synthetic(frames=2, seeds=2, points=20), points)
    assert [len(cloud) for cloud in drawn(figure)] == [9, 0]
    notes = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert notes[-2:] == ["10\N{NO-BREAK SPACE}% of points out of view", "diverged: no point is finite"]


def test_equal_points_are_equal_files_and_another_format_is_refused(tmp_path):
    recording, points = synthetic(frames=2, seeds=2, points=20), np.zeros((2, 5, 2))
    for name in ("a.pdf", "b.pdf"):
        save_figure(fresh(recording, points), tmp_path / name, "")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    with pytest.raises(ValueError, match="cannot be written"):
        save_figure(fresh(recording, points), tmp_path / "a.gif", "")
