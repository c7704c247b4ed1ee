"""What a text says is to be seen can be seen: its colours are those that are drawn, its panels are there, its switches exist."""

from __future__ import annotations

import colorsys
import re

import numpy as np
import pytest

from toygan.draw.panels import BOUNDARY, SCORES
from toygan.draw.players import AROUND_ONE
from toygan.draw.points import GENERATED, REAL
from toygan.exhibits import read, shipped_exhibits
from toygan.site import film, glossary, start

# what a word of the eye may mean: kinds of panels that show it
SHOWN_BY = {
    r"arrows?": {"phases"},
    r"optimal (one|ones) beneath": {"critics"},
    r"contours?": {"critics", "films"},
    r"colour bars?": {"critics"},
    r"colours?|coloured": {"critics", "latent", "matrix"},
    r"orange|blue": {"steepness"},
    r"maps?": {"steepness", "latent"},
    r"table|by rows|by columns": {"matrix"},
    r"bell": {"weights"},
    r"\((right|left)\)": {"layers"},
    r"creases": {"films", "critics"},
    r"time axis": {"price"},
    r"(drawn|its|the) curve": {"phases", "curves"},
    r"films?|panels?": {"films", "critics"},
    r'films by the switch "optimal critic"': {"films"},
    r"look at the (spread over )?seeds|(over|in most) (all )?seeds": {"films", "ends", "rates"},
    r"picture of layers": {"layers"},
    r"picture of points by category": {"latent"},
    r"maps of slopes": {"steepness"},
}

# every word by which a reader is sent to something on a page: those that SHOWN_BY has no row for must not be used
OF_THE_EYE = re.compile(
    r"\b(colou?r\w*|red|blue|orange|green|yellow|purple|pink|black|white|gr[ae]y|brown|arrows?|contours?|discs?|circles?|maps?|"
    r"table|creases|bell|bands?|stripes?|shad\w+|dashed|dotted|bars?|switch\w*|slider|tick\w*|button|panels?|films?|time axis)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", shipped_exhibits())
def test_what_a_text_speaks_of_is_on_its_page(name):
    exhibit = read(name)
    kinds = {panel.kind for panel in exhibit.panels}
    words = " ".join([exhibit.text, exhibit.question, *(claim.says for claim in exhibit.claims)])
    for pattern, shows in SHOWN_BY.items():
        found = re.search(rf"(?<!\w)(?:{pattern})(?!\w)", words, re.IGNORECASE)
        assert not found or kinds & shows, (found[0], kinds)
    told = [found[0] for found in OF_THE_EYE.finditer(words)]
    nobody = [
        word
        for word in told
        if not any(re.fullmatch(rf"(?:{one})", word, re.IGNORECASE) for one in SHOWN_BY)
        and not any(
            word.lower() in found[0].lower() for one in SHOWN_BY for found in re.finditer(one, words, re.IGNORECASE)
        )
    ]
    assert nobody == []  # fmt: skip


def name_of(colour: tuple[float, float, float]) -> str:
    """What people call a colour, by hue and lightness."""
    hue, light, strong = colorsys.rgb_to_hls(*colour)
    if light > 0.9:
        return "white" if strong < 0.2 else "pale"
    if light < 0.2:
        return "dark"
    return next(name for name, end in HUES if 360 * hue < end)


HUES = [("red", 15), ("orange", 45), ("yellow", 75), ("green", 165), ("blue", 260), ("purple", 345), ("red", 361)]


def of_hex(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def test_colours_that_texts_name_are_those_that_are_drawn():
    drawn = {"real": of_hex(REAL), "generated": of_hex(GENERATED), "boundary": of_hex(BOUNDARY)}
    drawn |= {"least real": SCORES(0.0)[:3], "most real": SCORES(1.0)[:3]}
    named = {what: name_of(colour) for what, colour in drawn.items()}
    assert named == {
        "real": "dark",
        "generated": "orange",
        "boundary": "purple",
        "least real": "blue",
        "most real": "pale",
    }
    said = glossary.ON_THE_PICTURE
    for term, *words in (
        ("real", "dark", "white on dark"), ("generated", "orange"), ("boundary", "Purple", "pink on dark"),
        ("critic", "the lighter, the more real", "blue is least"),
    ):  # fmt: skip
        assert all(word in said[term] for word in words)
    for words in (
        "dark or white as the page is light or dark, are real",
        "orange ones are generated",
        "lightest where it takes points for real",
        "blue where",
    ):
        assert words in start.PLAYERS


def test_colours_that_texts_name_are_those_of_dark_pages_too():
    """Hue by hue: what is orange or blue on paper is so in the dark, and what is dark there is white, what purple pink."""
    night = {name: name_of(of_hex(film.NIGHT[name])) for name in ("real", "generated")}
    assert night == {"real": "pale", "generated": "orange"}
    red, green, blue = of_hex(film.NIGHT["boundary"])
    assert red > blue > green  # pink
    least, most = (of_hex(f"#{film.night_ramp()[end]:06x}") for end in (0, -1))
    assert least[2] == max(least)  # blue
    assert sum(most) > 2 * sum(least)  # the lighter, the more real


def test_maps_of_slopes_have_the_colours_that_an_exhibit_names():
    assert [name_of(AROUND_ONE(share)[:3]) for share in (0.1, 0.9)] == [
        "blue",
        "orange",
    ]  # below and above a slope of one
    assert "orange is where the critic is steeper than one, blue where it is not" in read("lipschitz-everywhere").text


def test_every_switch_of_a_page_is_in_its_script_and_the_other_way_round():
    source = (film.Path(film.__file__).parent / "assets" / "film.js").read_text()
    listed = re.search(r"const SWITCHES = \[(.*?)\]", source)[1]
    assert re.findall(r'"(\w+)"', listed) == [name for name, *_ in film.SWITCHES]
    assert "optimal critic" in [words for _, words, _ in film.SWITCHES]  # two exhibits send readers to it
    assert np.unique([words for _, words, _ in film.SWITCHES]).size == len(film.SWITCHES)
