"""The eigenvalues of one step of a game in the complex plane, with the unit circle, and near 1, where slow steps have them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from toygan.draw import sheet
from toygan.draw.moments import Insight, at_the_end, moments
from toygan.draw.panels import CRITIC, tick
from toygan.draw.points import GENERATED
from toygan.draw.style import FAINT, INK, SMALL, quiet
from toygan.files.text import number
from toygan.quantities.spectrum import Spectrum
from toygan.session.recording import Recording
from toygan.view.scene import Scene

TURN = np.exp(2j * np.pi * np.linspace(0, 1, 721))
KINKED = 0.1  # a Jacobian that is off by more is of a step without a derivative
METHOD = (
    "Eigenvalues m of one step from here: the method's own rule and full rates, but plain descent in place of its "
    "optimiser, and one fixed batch for all moves. A small offset is multiplied by m in every step."
)


def circle(axis: Axes, _: Scene, found: Spectrum) -> None:
    """Draw all multipliers and the unit circle: inside an offset shrinks, outside it grows."""
    reach = max(1.15, 1.08 * float(np.abs(found.multipliers).max()))
    on_plane(axis, TURN, found.multipliers, found.grow)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axis.set_xlabel("real part", size=SMALL, labelpad=1, color=INK)
    axis.set_ylabel("imaginary part", size=SMALL, labelpad=1, color=INK)


def near_one(axis: Axes, _: Scene, found: Spectrum) -> None:
    """Draw (m - 1) / rate, which does not hang on how small the steps are, and the same circle as it looks from there."""
    rates, far = found.rates, int(np.abs(found.multipliers - 1).argmax())
    apart = abs(found.multipliers[far] - 1)
    radius = float(abs(rates[far]) / apart) if apart > 0 else 1.0  # of the unit circle in units of the rate
    on_plane(axis, radius * (TURN - 1), rates, found.grow)
    # Most of them: a few far ones would leave nothing to see of the others.
    low, high = np.quantile(rates.real, (0.02, 1.0))
    across, up = max(high - low, 1e-9), max(2.2 * float(np.quantile(np.abs(rates.imag), 0.98)), 1e-9)
    reach = 0.55 * max(across, up)
    middle = (low + high) / 2
    axis.set(xlim=(middle - reach, middle + reach), ylim=(-reach, reach))
    axis.set_xlabel("real part of (m \N{MINUS SIGN} 1) / rate", size=SMALL, labelpad=1, color=INK)


def on_plane(axis: Axes, turn: np.ndarray, places: np.ndarray, grow: np.ndarray) -> None:
    """The unit circle, and complex numbers as dots, orange where the multiplier lies outside of it, on a square panel."""
    axis.plot(turn.real, turn.imag, color=FAINT, linewidth=0.8, zorder=1)
    for chosen, colour in ((~grow, CRITIC), (grow, GENERATED)):
        axis.plot(places[chosen].real, places[chosen].imag, "o", color=colour, markersize=3, alpha=0.6,
                  markeredgewidth=0, zorder=3)  # fmt: skip
    axis.set_aspect("equal")
    axis.axhline(0, color=FAINT, linewidth=0.4, zorder=0)
    for line in (axis.xaxis, axis.yaxis):
        line.set_major_locator(MaxNLocator(4))
        line.set_major_formatter(FuncFormatter(tick))
    quiet(axis)


def spectrum_in_words(found: Spectrum) -> str:
    """How many there are, how many grow, and what the leading one does."""
    count, leading = len(found.multipliers), float(abs(found.multipliers[0]))
    rate = number(float(found.rates[0].real))
    turn = f", once around in {number(found.period)} steps" if math.isfinite(found.period) else ", without turning"
    words = f"{found.outside} of {count} lie outside the circle; the leading one has |m| = {number(leading, 7)} (real rate {rate}){turn}."  # noqa: E501  # fmt: skip
    kinked = f" The step has a kink here: its Jacobian is off by {number(100 * found.error, 2)} %, so take no number for exact."
    return words + kinked * (found.error > KINKED)


def spectra_at(recordings: Sequence[Recording], found: Sequence[Spectrum]) -> Figure:
    """The sheet of one run at several steps: the same two panels of each, side by side."""
    view = Insight("spectrum", PANELS, under=0.5, square=True)
    return moments(view, recordings, found, [[spectrum_in_words(one)] for one in found], METHOD)


def spectra(recording: Recording, found: Spectrum) -> Figure:
    """The sheet: all multipliers, those near 1 in units of the rate, and what they say."""
    prose = [(line, "bold") for line in textwrap.wrap(spectrum_in_words(found), 112)]
    prose += [(line, "normal") for line in textwrap.wrap(METHOD, sheet.TEXT)]
    return at_the_end(Insight("spectrum", PANELS, under=0.45, square=True), recording, found, prose, sheet.SIDE)


PANELS = {"all of them, and the unit circle": circle, "near 1, in units of the generator's rate": near_one}
