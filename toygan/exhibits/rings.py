"""The ring, as eleven papers have it: one name for rings whose neighbours are 6 to 191 deviations apart, and what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from toygan.exhibits.published import Published
from toygan.exhibits.telling import ours_in_words
from toygan.files.text import number
from toygan.many.table import Table

TOLD = (
    "Radius and deviation of one mode; places: where the notebooks' linspace lays the last mode on the first there are seven; "
    "apart: from a mode to the next, in deviations. Ours: the runs of the protocols on this page, at their part of the steps."
)
COLUMNS = ("radius", "std", "places", "apart", "a mode is found by", "plain GAN finds", "ours finds")


class Ring(NamedTuple):
    """One paper's ring: radius and deviation in its own units, NaN where it gives none; at how many places its modes lie; when a
    mode counts as found; what its plain GAN was published to find; and whose run here, protocol and run, is the same game.
    """

    paper: str
    radius: float
    std: float
    places: int
    rule: str
    published: str
    ours: tuple[str, str] = ("", "")

    @property
    def apart(self) -> float:
        """How many standard deviations a mode is from the next: 2 r sin(pi / n) / s."""
        return 2 * self.radius * math.sin(math.pi / self.places) / self.std


def rings_table(found: Sequence[Published]) -> Table:
    """A line a paper."""
    return Table(["ring of"], [line(ring, found) for ring in RINGS], TOLD)


def line(ring: Ring, found: Sequence[Published]) -> dict[str, str]:
    values = (*(written(one) for one in (ring.radius, ring.std)), str(ring.places), written(ring.apart), ring.rule,
              ring.published, our_modes(ring, found))  # fmt: skip
    return {"ring of": ring.paper} | dict(zip(COLUMNS, values, strict=True))


def written(value: float) -> str:
    """A number, or a dash where a paper gives none."""
    return "-" if math.isnan(value) else number(value)


def our_modes(ring: Ring, found: Sequence[Published]) -> str:
    protocol, run = ring.ours
    rows = [row for one in found if one.protocol.name == protocol for row in one.rows]
    told = [ours_in_words(row) for row in rows if row.row.run == run and row.row.measure == "modes"]
    return told[0] if told else "-"


UNKNOWN = math.nan
RINGS = (
    Ring("VEEGAN, 2017", UNKNOWN, UNKNOWN, 8, "1 of 2500 points", "1, with 99.3 % on a mode, where perfect samples have 98.9 %"),
    Ring("Unrolled GAN, 2016, the text", 1.0, 0.01, 8, "a picture", "mass on one mode or two",
         ("unrolled", "no unrolling, 8 places")),
    Ring("Unrolled GAN, 2016, the notebook", 1.0, 0.01, 7, "a picture", "mass on one mode or two",
         ("unrolled", "no unrolling, 7 places")),
    Ring("GDPP, 2018 (WGAN-GP)", 1.0, 0.01, 7, "1 of 2500 points", "6.8 of 8", ("gdpp", "WGAN-GP, ring")),
    Ring("PacGAN, 2018", 1.0, 0.01, 8, "1 of 2500 points", "6.3 ± 0.5 (SE of 10 seeds)", ("pacgan-ring", "GAN")),
    Ring("alpha-GAN, 2023", 1.0, 0.01, 8, "1 of 25 000 points", "5.9"),
    Ring("WGAN-GP, 2017, the toy script", 2.0, 0.02, 8, "a picture", "a picture"),
    Ring("paired discriminator, 2026", 2.0, 0.1, 8, "1 % of 10 000 points", "7.6 ± 0.89 (SD of 5 seeds)",
         ("paired-ring", "vanilla, 10 000 steps")),
    Ring("FFJORD; KSGAN", 4.0, 0.5, 8, "-", "-"),
    Ring("Bures", 2.5, 0.01, 8, "-", "-"),
    Ring("PresGAN, a ring of 10", 3.0, 0.05, 10, "-", "-"),
)  # fmt: skip
