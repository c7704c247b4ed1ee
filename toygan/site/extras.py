"""What further players, classes and a second world show, on a page: which panels a run has, and what its scripts draw them from.

The names are those of `toygan.draw.companions.EXTRAS`: the same panels as on a sheet and in a film.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any, NamedTuple

import numpy as np

from toygan.draw.companions import EXTRAS, KINDS, colour_of, columns_of, ends_of_rounds, said_by_head, scores_by_class
from toygan.draw.panels import band_colours, band_edges
from toygan.draw.points import CORNERS, HAZE, MIST
from toygan.draw.style import INK
from toygan.draw.worlds import ACROSS, APART
from toygan.files.disk import Arrays
from toygan.site.markup import tag, text
from toygan.site.pack import MOST_POINTS, classes_scored, shown_extras
from toygan.view.kinds import classes_of, kept_over_time, kinds_of
from toygan.view.scene import Scene

NAMED = 12  # kinds that are named beneath a panel


class Shows(NamedTuple):
    """One panel of a page: what stands beneath it, and its width in views."""

    words: Callable[[Scene], str]
    wide: Callable[[Scene], float] = lambda shown: 1.0


def colours() -> dict[str, Any]:
    """The colours that the scripts need beside those of a film."""
    corners = (255 * CORNERS).round().astype(int).tolist()
    return {"kinds": KINDS, "mist": MIST, "haze": HAZE, "corners": corners, "apart": APART,
            "across": ACROSS}  # fmt: skip


def extras_facts(shown: Scene) -> dict[str, Any]:
    """What the scripts must know of a run's panels beside its bytes; nothing where there are none."""
    names, frames = shown_extras(shown), shown.recording.frames
    if not names:
        return {}
    facts: dict[str, Any] = {"names": names, "kinds": kinds_by_seed(frames)}
    if "rounds" in names:
        facts |= {"rounds": rounds_facts(shown), "columns": abreast(len(ends_of_rounds(shown)))}
    if "classes" in names:
        known = classes_of(frames)
        facts |= {
            "real": [] if known is None else known.real[:MOST_POINTS].tolist(),
            "columns": columns_of(classes_scored(shown)),
            "bands": bands_between(band_edges(list(scores_by_class(shown)))),  # of a whole run, as its critic's
        }
    if "regions" in names:
        told = said_by_head(shown)
        facts |= {"own": told.of is not None, "data": told.data}
    return {"extras": facts}


def kinds_by_seed(frames: Arrays) -> list[list[int]]:
    """The kind of each point of every seed; of all seeds once where it is the same in all."""
    found = kinds_of(frames)
    if found is None:
        return []
    own = frames.get({"class": "made_classes", "category": "categories"}.get(found.word, ""))
    return [found.of.tolist()] if own is None else np.asarray(own, int).tolist()


def rounds_facts(shown: Scene) -> list[dict[str, Any]]:
    """Of each round: the frame at its end, who made each point by then, and what real points weighed, in tenths."""
    made, weights = (kept_over_time(shown, name) for name in ("made_by", "real_weights"))
    return [
        {"end": end, "made": made[end, :MOST_POINTS].astype(int).tolist(),
         "weights": np.rint(10 * weights[end, :MOST_POINTS]).astype(int).tolist()}
        for end in ends_of_rounds(shown)
    ]  # fmt: skip


def bands_between(edges: np.ndarray) -> dict[str, Any]:
    """Even bands between edges [n]: where they start, how wide they are, and their colours."""
    colours = [int.from_bytes(bytes(colour), "big") for colour in band_colours(edges)[:, :3]]
    return {"start": round_to(edges[0]), "width": round_to(edges[1] - edges[0]), "colours": colours}


def round_to(value: float) -> float:
    """Four digits, which is more than a curve shows."""
    return float(f"{value:.4g}")


def extras_html(shown: Scene) -> str:
    """A small canvas for each panel of a run, with its title and what its colours are; nothing where there are none."""
    names = shown_extras(shown)
    left, right, bottom, top = shown.view
    figures = []
    for name in names:
        wide, tall = (right - left) * SHOWN[name].wide(shown), top - bottom
        canvas = tag("canvas", aria_hidden="true", style=f"aspect-ratio:{wide:.6g}/{tall:.6g}")
        words = tag("span", SHOWN[name].words(shown), class_="words")
        figures.append(tag("figure", tag("figcaption", text(EXTRAS[name].title)), canvas, words, data_extra=name,
                           class_="extra wide" if EXTRAS[name].slots > 1 else "extra"))  # fmt: skip
    return tag("div", *figures, class_="extras needs-js") if figures else ""


def kinds_named(shown: Scene) -> str:
    found = kinds_of(shown.recording.frames)
    assert found is not None
    if found.number > NAMED:
        return text(f"a colour a {found.word}, {found.number} of them")
    shares = [found.label(k).removeprefix(f"{found.word} " if k else "") for k in range(found.number)]
    return " ".join(tag("span", tag("i", style=f"background:{ink_or(colour_of(k))}"), text(words), class_="kind")
                    for k, words in enumerate(shares))  # fmt: skip


def ink_or(colour: str) -> str:
    """A colour as a page has it: dark ink is light on a dark page."""
    return "var(--ink)" if colour == INK else colour


def regions_named(shown: Scene) -> str:
    told = said_by_head(shown)
    return text(f"pale: which {told.word} the head says" + ("; D: the data" if told.data >= 0 else ""))


def fixed(words: str) -> Callable[[Scene], str]:
    """Words that do not hang on the run."""
    return lambda shown: text(words)


def wide_of(count: int, columns: int) -> float:
    """The width of so many small panels in views, of the height of all rows."""
    return columns / -(-count // columns)


def abreast(rounds: int) -> int:
    """How many rounds stand beside each other: about as many as beneath, for a page's panel is narrow and its points small."""
    return isqrt(max(rounds - 1, 0)) + 1


SHOWN = {
    "kinds": Shows(kinds_named),
    "regions": Shows(regions_named),
    "classes": Shows(fixed("the critic for each class and that class's points, one scale for all and for the whole run"),
                     lambda shown: wide_of(classes_scored(shown), columns_of(classes_scored(shown)))),
    "rounds": Shows(fixed("circles: real points, as large as they weigh in the round; a colour a generator"),
                    lambda shown: wide_of(len(ends_of_rounds(shown)), abreast(len(ends_of_rounds(shown))))),
    "way": Shows(fixed("blue: where it is to be, orange: where it is; x whole, y broken, over time or classes")),
    "worlds": Shows(fixed("left the source, right where the dots of a colour go; lines without a colour: there and back"),
                    lambda shown: 2 + APART),
    "pairs": Shows(fixed("squares: the target's world; dots of their colour, joined to them: the other one's")),
    "reconstructions": Shows(fixed("an arrow from each of 150 real points to what comes back of it")),
    "code": Shows(fixed("the latent that the encoder gives each place, in the colours of the latent square")),
}  # fmt: skip
