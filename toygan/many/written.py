"""How a table is written: text, Markdown, LaTeX, CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toygan.files.strict import UserError, suggestion
from toygan.files.text import number
from toygan.many.results import as_csv
from toygan.many.table import Table, lacks_seeds
from toygan.view.records import Record
from toygan.view.statistics import Interval


def written(tables: Sequence[Table], form: str) -> str:
    """Tables as text, markdown, csv or latex; UserError for another form."""
    if form not in FORMS:
        raise UserError(f"--format {form}: unknown; {suggestion(form, list(FORMS), 'formats')}")
    return FORMS[form](tables)


def cells_of(table: Table) -> tuple[list[str], list[list[str]]]:
    """Header and cells as text."""
    names = columns(table)
    return names, [
        [cell(row.get(name), name in row and lacks_seeds(name, row)) for name in names] for row in table.rows
    ]


def columns(table: Table) -> list[str]:
    """The names of a table's columns."""
    return list(dict.fromkeys(name for row in table.rows for name in row))


def cell(value: Any, is_of_few: bool = False) -> str:
    """A cell in words: a number with its interval, and of how many seeds where others have no value; a dash for what is
    not known.
    """
    if isinstance(value, Interval):
        if math.isnan(value.value):
            return "-"
        some = f" (n = {value.n})" if is_of_few else ""
        ends = "" if math.isnan(value.low) else f" [{number(value.low)}, {number(value.high)}]"
        return f"{number(value.value)}{ends}{some}"
    return "-" if value is None else value if isinstance(value, str) else str(value)


# --- names that somebody chose ---------------------------------------------------------------------------------------


class Chosen(str):
    """A name that the user gave: LaTeX takes mathematics in it as it is."""


def new_names(pairs: Sequence[str]) -> dict[str, Chosen]:
    """`OLD=NEW` each; UserError for what is none."""
    for pair in pairs:
        if not all(part.strip() for part in pair.partition("=")):
            raise UserError(f"--name {pair}: expected OLD=NEW, for example wgan-gp=WGAN-GP")
    return {old.strip(): Chosen(new.strip()) for old, _, new in (pair.partition("=") for pair in pairs)}


def renamed(table: Table, names: Mapping[str, str]) -> Table:
    """A table whose columns, and what stands in the columns of its keys, are called as somebody likes."""
    call = lambda word: names.get(str(word), word)  # noqa: E731
    rows = [
        {call(name): call(value) if name in table.keys else value for name, value in row.items()} for row in table.rows
    ]
    return Table([*map(call, table.keys)], rows, table.note, frozenset((i, call(name)) for i, name in table.best))


# --- text ------------------------------------------------------------------------------------------------------------


def parted(table: Table, room: int) -> list[Table]:
    """A table as several below each other, each with the keys and no wider than a terminal, the note below the last."""
    names, body = cells_of(table)
    wide = {name: max(len(line[i]) for line in [names, *body]) + 2 for i, name in enumerate(names)}
    blocks, left = [list[str]()], room - sum(wide[key] for key in table.keys)
    for name in names[len(table.keys) :]:
        if blocks[-1] and sum(wide[one] for one in [*blocks[-1], name]) - 2 > left:
            blocks.append([])
        blocks[-1].append(name)
    kept = [[{name: row.get(name) for name in [*table.keys, *block]} for row in table.rows] for block in blocks]
    return [table._replace(rows=rows, note=table.note * (rows is kept[-1])) for rows in kept]


def as_text(tables: Sequence[Table]) -> str:
    """Aligned columns; text to the left, numbers to the right."""
    return "\n".join(text_of(table) for table in tables)


def text_of(table: Table) -> str:
    """One table, aligned, with its note."""
    names, body = cells_of(table)
    widths = [max(len(line[i]) for line in [names, *body]) for i in range(len(names))]
    lines = ["  ".join(aligned(line, widths, len(table.keys))).rstrip() for line in [names, *body]]
    return "\n".join([*lines, *([f"({table.note})"] if table.note else []), ""])


def aligned(line: Sequence[str], widths: Sequence[int], left: int) -> list[str]:
    """The cells of a line, each as wide as its column; the first ones flush left."""
    sized = enumerate(zip(line, widths, strict=True))
    return [text.ljust(width) if i < left else text.rjust(width) for i, (text, width) in sized]


def as_markdown(tables: Sequence[Table]) -> str:
    """Pipe tables."""
    return "\n".join(markdown_of(table) for table in tables)


def markdown_of(table: Table) -> str:
    """One pipe table with its note."""
    names, body = cells_of(table)
    body = [[f"**{text}**" if (i, name) in table.best else text for name, text in zip(names, line, strict=True)]
            for i, line in enumerate(body)]  # fmt: skip
    rule = ["---" if i < len(table.keys) else "---:" for i in range(len(names))]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in [names, rule, *body]]
    return "\n".join([*lines, "", f"*{table.note}*", ""])


def as_latex(tables: Sequence[Table]) -> str:
    r"""Tabulars for the package booktabs."""
    return "\n".join([r"% needs \usepackage{booktabs}", *(latex_of(table) for table in tables)])


def latex_of(table: Table) -> str:
    """One tabular with its note as a comment."""
    names, body = cells_of(table)
    layout = "l" * len(table.keys) + "r" * (len(names) - len(table.keys))
    marks = [[(i, name) in table.best for name in names] for i in range(len(body))]
    lines = [latex_row(line, best) for line, best in zip(body, marks, strict=True)]
    begin, head = rf"\begin{{tabular}}{{{layout}}}", latex_row(names, [False] * len(names))
    rules = [begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join([f"% {table.note}", *rules])


def latex_row(line: Sequence[str], best: Sequence[bool]) -> str:
    """One row; a bracket or star at its beginning would be taken for an option of the line break before it."""
    cells = [
        rf"\textbf{{{latex_text(text)}}}" if bold else latex_text(text) for text, bold in zip(line, best, strict=True)
    ]
    text = " & ".join(cells) + r" \\"
    return "{}" + text if text.startswith(("[", "*")) else text


def latex_text(text: str) -> str:
    """Text in which nothing is a command, but mathematics in a name that the user chose."""
    if isinstance(text, Chosen) and ("$" in text or "\\" in text):
        return text
    special = {
        "\N{MINUS SIGN}": "$-$",
        "\N{NO-BREAK SPACE}": "~",
        "\N{MIDDLE DOT}": r"$\cdot$",
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
    special |= {sign: f"\\{sign}" for sign in "_%&#${}"}
    escaped = "".join(special.get(sign, sign) for sign in text)
    return re.sub(f"[{RAISED}]+", lambda found: f"$^{{{found[0].translate(LOWERED)}}}$", escaped)


RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
LOWERED = str.maketrans(RAISED, "-0123456789")


def csv_of(tables: Sequence[Table]) -> str:
    """One table for programs: an interval is three columns; differences stand beside the medians they belong to."""
    lines = [spread(row) for row in tables[0].rows]
    for table in tables[1:]:
        extra = {tuple(row[key] for key in table.keys): row for row in table.rows}
        for line in lines:
            row = extra.get(tuple(line.get(key) for key in table.keys), {})
            line.update(spread({f"{name} difference": value for name, value in row.items() if name not in table.keys}))
    return as_csv(lines, list(dict.fromkeys(name for line in lines for name in line)))


def spread(row: Mapping[str, Any]) -> Record:
    """A row with every interval as value, low, high and the number of seeds behind it."""
    flat: Record = {}
    for name, value in row.items():
        plain = name.replace(" ", "_")
        if isinstance(value, Interval):
            parts = zip(("", "_low", "_high"), value[:3], strict=True)
            flat |= {plain + end: None if math.isnan(number) else number for end, number in parts}
            flat[f"{plain}_n"] = value.n
        else:
            flat[plain] = value
    return flat


FORMS: dict[str, Callable[[Sequence[Table]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "csv": csv_of,
    "latex": as_latex,
}
