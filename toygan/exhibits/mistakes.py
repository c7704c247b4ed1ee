"""Where in an exhibit's file something is wrong: what is read for its runs is wrong in a setting, a word or a file there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toygan.exhibits.files import Exhibit
from toygan.files.mistakes import Key, Mistake, Place, UserError, headline
from toygan.files.scenario import METHOD
from toygan.files.strict import locate

WORDS = {("methods",), ("updates",), ("over",)}
NAMES = {METHOD, ("method", "update", "kind")}


def said(exhibit: Exhibit, key: Key, **names: Iterable[str]) -> dict[str, Place]:
    """Where settings were said in the exhibit's file: in the table at that key, under the word that their names are given by."""
    file = exhibit.origin.source.name
    return {name: Place(file, under=(*key, word)) for word, several in names.items() for name in several}


def retold(exhibit: Exhibit, error: UserError, otherwise: Key, method: str | None = None) -> Iterator[Mistake]:
    """The mistakes with their places in the exhibit's file: where they were `said`, in its method, or at the key `otherwise`."""
    source = exhibit.origin.source
    for mistake in error.mistakes:
        found = placed_here(mistake, otherwise, method)
        place = locate(found.key or (), source)
        yield found._replace(place=place._replace(text=mistake.place.text or place.text))


def placed_here(mistake: Mistake, otherwise: Key, method: str | None) -> Mistake:
    key, (_, line, under, _) = mistake.key or (), mistake.place
    if under[-1:] in WORDS:  # a word of a list or a sweep, of which the message is about a part
        about = mistake._replace(key=None, message=f"{mistake.given}: {mistake.message}") if key in NAMES else mistake
        return mistake._replace(key=under, given="", message=headline(about._replace(place=Place())))
    if under:
        return mistake._replace(key=(*under, *key))
    # A key of no line is one of the method's, whose name is in no file.
    if mistake.key and not line and key[0] == "method":
        return mistake._replace(key=("methods", str(method), *key[1:]))
    return Mistake(otherwise, "", mistake.hint, inner=mistake)
