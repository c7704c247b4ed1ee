"""Words of pictures in other languages: one table of sentences a language, `zh.toml` beside this file for Chinese.

A key is what a picture says in English, a pair of braces in it for every part that varies; the parts are put into the
pairs of braces of its translation, in order or by number (`{1}`), each of them translated in its turn.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

LANGUAGES = {"en": "English", "zh": "中文"}
SENTENCES = re.compile(r"(?<=[.)]) +(?=[A-Z]|\d+ of \d+ seeds )")  # where one ends and the next begins
# Between sentences, of which no Chinese one has it.
BLANK = re.compile(r"(?<=[\u3000-\u303f\uff00-\uffef]) |(?<=[\u3000-\uffef]) (?=[\u3000-\uffef])")
ENGLISH = re.compile("[a-z]{4,}")  # a word that is left where a sentence is only begun; or a name
ASIDE = " · ", " / "  # between things that are told beside each other
KEPT = 4096  # texts whose translation is kept: pictures and the frames of films say the same again
WIDE_MARKS = {"; ": "；", ", ": "，"}  # between parts of a list, where one of them is Chinese


def told(text: str, language: str) -> str:
    """A text in a language: as a whole, by its lines or by its parts; a sentence that was broken over several lines anew, in
    lines no longer; what is in no table stays as it is.
    """
    if language == "en" or not text.strip():
        return text
    lines, done = text.split("\n"), list[str]()
    while lines:
        known = (n for n in range(1, len(lines) + 1) if is_known(" ".join(lines[:n]), language))
        many = next(known, 1)
        found = in_parts(" ".join(lines[:many]), language)
        done += [found] if many == 1 else wrapped(found, max(map(len, lines[:many])))
        lines = lines[many:]
    return "\n".join(done)


@lru_cache(KEPT)
def in_parts(text: str, language: str) -> str:
    """One line in a language: its parts by themselves, then its sentences, then what a sentence lists."""
    words, _ = tables(language)
    if text in words:
        return words[text]
    sentences = SENTENCES.split(text)
    if len(sentences) > 1:
        return BLANK.sub("", " ".join(in_parts(one, language) for one in sentences))
    for mark in ASIDE:
        if mark in text:
            return mark.join(in_parts(part, language) for part in text.split(mark))
    several = items_of(text, "; ")
    found = None if len(several) > 1 and all(is_known(one, language) for one in several) else whole(text, language)
    if found is not None:
        return found
    for mark, wide in WIDE_MARKS.items():
        parts = items_of(text, mark)
        if len(parts) > 1:
            translated = [in_parts(part, language) for part in parts]
            return (wide if any(map(is_wide, "".join(translated))) else mark).join(translated)
    return text


def is_known(text: str, language: str) -> bool:
    """Whether the table has all of a text: as a whole, or all that it lists; not where a comma says that something follows."""
    return not text.endswith(",") and has_all(text, language) and not ENGLISH.search(in_parts(text, language))


def has_all(text: str, language: str) -> bool:
    """Whether the table has a text as a whole, or all that it lists, whatever its parts are."""
    aside = any(mark in text for mark in ASIDE)
    if text in tables(language)[0] or (not aside and whole(text, language) is not None):
        return True
    parts = SENTENCES.split(text)
    if len(parts) == 1:
        parts = next((parts for mark in (*ASIDE, *WIDE_MARKS) if len(parts := items_of(text, mark)) > 1), [])
    return bool(parts[1:]) and all(has_all(part, language) for part in parts)


def items_of(text: str, mark: str) -> list[str]:
    """What a text lists with a mark between, which inside of brackets parts nothing."""
    found = [""]
    for part in text.split(mark):
        open_ones = found[-1].count("(") - found[-1].count(")")
        found = [*found[:-1], f"{found[-1]}{mark}{part}"] if open_ones > 0 else [*found, part]
    return found[1:]


@lru_cache(KEPT)
def whole(text: str, language: str) -> str | None:
    """The translation of a sentence with parts that vary, None where the table has none."""
    for pattern, translation in possible(text[:1], text[-1:], language):
        if match := pattern.fullmatch(text):
            return translation.format(*(in_parts(part, language) for part in match.groups()))
    return None


@cache
def possible(first: str, last: str, language: str) -> list[tuple[re.Pattern[str], str]]:
    """The sentences with parts that vary that may begin and end with these letters, the longest first: a tenth of all."""
    likely = [key for key in tables(language)[1] if key[:1] in ("{", first) and key[-1:] in ("}", last)]
    return [(pattern_of(key), tables(language)[1][key]) for key in likely]


@cache
def tables(language: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Words by themselves, and sentences with parts that vary, the longest first."""
    if language == "en":
        return {}, {}
    with Path(__file__).with_name(f"{language}.toml").open("rb") as file:
        entries: dict[str, str] = {key: text for table in tomllib.load(file).values() for key, text in table.items()}
    varying = sorted((key for key in entries if "{}" in key), key=len, reverse=True)
    words = {key: text for key, text in entries.items() if "{}" not in key}
    return words, {key: entries[key] for key in varying}


@cache
def pattern_of(key: str) -> re.Pattern[str]:
    """What a sentence of the table matches: where it has no stop of its own its parts have none, or a list would be one."""
    part = "(.+?)" if re.search(r"[:;(,.]", key) else "([^,;]+?)"
    return re.compile(part.join(map(re.escape, key.split("{}"))))


def wrapped(text: str, width: int, lines: int | None = None) -> list[str]:
    """A text in lines of at most so many letters of English width, cut off after so many; Chinese breaks anywhere."""
    if not any(map(is_wide, text)):
        return textwrap.wrap(text, width, max_lines=lines, placeholder=" …")
    found, room = [""], float(width)
    for piece in re.findall(r"（?[^\u2e80-\uffef\s]+\s*|（.|.", text):
        size = sum(1.9 if is_wide(letter) else 1.0 for letter in piece)
        if size > room and found[-1] and piece not in "，。；：、）%":
            found.append("")
            room = float(width)
        found[-1] += piece
        room -= size
    if lines is not None and len(found) > lines:
        return [*found[: lines - 1], found[lines - 1] + " …"]
    return [line.strip() for line in found]


def is_wide(letter: str) -> bool:
    """Whether a letter takes twice the room of an English one."""
    return unicodedata.east_asian_width(letter) in "WF"
