"""HTML from text: whatever a user wrote is escaped here, and nowhere is it put into a page another way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from toygan.site.pack import as_json

PAGES = (
    ("start.html", "What is a GAN?"),
    ("index.html", "Questions"),
    ("matrix.html", "Matrix"),
    ("leaderboard.html", "Leaderboard"),
    ("protocols.html", "Protocols"),
    ("glossary.html", "Glossary"),
)
HOME = "index.html"
MADE = "Made by toygan from recorded runs. Nothing here is drawn by hand, and nothing is fetched from a network."
VOID = {"img", "input", "link", "meta", "br"}
CODE = re.compile(r"`([^`\n]+)`")
ARXIV = re.compile(r"\barXiv:(\d{4}\.\d{4,5})\b")
DOI = re.compile(r"\bdoi:(10\.\d{4,9}/[\w./()-]*\w)")
STYLES, HEAD_SCRIPTS = ("page.css",), ("theme.js",)
SCRIPTS = ("unpack.js", "paint.js", "extras.js", "curves.js", "film.js", "dials.js", "tables.js")
ASSETS = (*STYLES, *HEAD_SCRIPTS, *SCRIPTS)

Pages = Sequence[tuple[str, str]]


def tag(kind: str, *inner: str, **attributes: str | int | bool | None) -> str:
    """An element around HTML. Attribute names have `_` for `-` and end in `_` where Python needs them; values are escaped;
    True stands alone, False and None are left out.
    """
    words = [kind, *(attribute(key, value) for key, value in attributes.items() if value not in (None, False))]
    opening = f"<{' '.join(words)}>"
    return opening if kind in VOID else f"{opening}{''.join(inner)}</{kind}>"


def attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return name if value is True else f'{name}="{text(value)}"'


def text(words: object) -> str:
    """Text as HTML."""
    return escape(str(words), quote=True)


def paragraphs(words: str) -> str:
    """Text with blank lines as paragraphs."""
    return "".join(tag("p", linked(part)) for part in re.split(r"\n\s*\n", words.strip()) if part.strip())


def marked(words: object) -> str:
    """Text as HTML, what stands in backticks as code."""
    return CODE.sub(r"<code>\1</code>", text(words))


def linked(words: str) -> str:
    """The same, with arXiv numbers and DOIs in it as links."""
    found = ARXIV.sub(r'<a href="https://arxiv.org/abs/\1" rel="noreferrer">\g<0></a>', marked(words))
    return DOI.sub(r'<a href="https://doi.org/\1" rel="noreferrer">\g<0></a>', found)


def file_name(name: str) -> str:
    """A name that is safe in a path and a link on every system, and another one for every other name."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "exhibit"
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def command_box(command: str) -> str:
    """Commands to copy."""
    button = tag("button", "Copy", type="button", class_="copy needs-js", aria_label="Copy the command")
    return tag("div", tag("pre", tag("code", text(command)), tabindex="0", aria_label="Command"), button,
               class_="command")  # fmt: skip


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, words: int = 1, **attributes: str | None
) -> str:
    """A table of HTML cells in a box that scrolls by itself; the first `words` columns hold words, others numbers."""
    kinds = ["words" if i < words else None for i in range(len(head))]
    top = tag("tr", *(tag("th", cell, scope="col", class_=kinds[i]) for i, cell in enumerate(head)))
    body = []
    for first, *rest in rows:
        cells = (tag("td", cell, class_=kinds[i]) for i, cell in enumerate(rest, 1))
        body.append(tag("tr", tag("th", first, scope="row"), *cells))
    inner = tag("caption", caption) + tag("thead", top) + tag("tbody", *body)
    return tag("div", tag("table", inner, **attributes), class_="scrolls", tabindex="0", role="region",
               aria_label=re.sub(r"<[^>]*>", "", caption))  # fmt: skip


def data(value: Mapping[str, Any], name: str) -> str:
    """Data for the page's scripts, which cannot be run."""
    return f'<script type="application/json" id="{text(name)}">{as_json(value)}</script>'


def page(title: str, head: Sequence[str], body: Sequence[str], **attributes: str) -> str:
    """A whole page: what every one says first, its title, then its own head and body."""
    first = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", text(title)),
    ]
    whole = tag("html", tag("head", *first, *head), tag("body", *body), lang="en", **attributes)
    return f"<!doctype html>\n{whole}\n"


def document(title: str, body: str, root: str, pages: Pages = (), here: str = "") -> bytes:
    """A page of the site; `root` leads from it to the site's folder, `here` is its own place among the pages."""
    at_once = [tag("script", src=f"{root}assets/{name}") for name in HEAD_SCRIPTS]
    scripts = [tag("script", src=f"{root}assets/{name}", defer=True) for name in SCRIPTS]
    skip = tag("a", "Skip to the content", href="#content", class_="skip")
    foot = tag("footer", tag("p", MADE), class_="foot")
    inner = [skip, top_bar(root, pages, here), tag("main", body, id="content"), foot]
    return page(title, [*styled(root, STYLES), *at_once, *scripts], inner).encode()


def document_of_scripts(title: str, styles: Sequence[str], scripts: Sequence[str], data: Sequence[str]) -> bytes:
    """A page that its scripts build: `scripts[0]` first, then the data files that are wanted at once, then the other scripts."""
    sources = [f"assets/{scripts[0]}", *(f"data/{name}.js" for name in data), *(f"assets/{one}" for one in scripts[1:])]
    plain = tag("noscript", "This page trains in your browser, and needs JavaScript for it.")
    head = [*styled("", styles), *(tag("script", src=one, defer=True) for one in sources)]
    return page(title, head, [plain]).encode()


def styled(root: str, styles: Sequence[str]) -> list[str]:
    """Links to style sheets; no icon is asked for."""
    sheets = (tag("link", rel="stylesheet", href=f"{root}assets/{name}") for name in styles)
    return [tag("link", rel="icon", href="data:,"), *sheets]


def top_bar(root: str, pages: Pages, here: str) -> str:
    links = [tag("a", text(words), href=root + page, aria_current="page" if page == here else None)
             for page, words in pages]  # fmt: skip
    name = tag("a", "toygan", href=root + HOME, class_="brand") if pages else tag("span", "toygan", class_="brand")
    switch = tag("button", "Theme: auto", type="button", id="theme", class_="quiet needs-js")
    return tag("header", name, tag("nav", *links, aria_label="Pages") if pages else "", switch, class_="top")
