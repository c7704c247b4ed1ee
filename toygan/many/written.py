"""How a table is written: text, Markdown, LaTeX, CSV."""

from __future__ import annotations

import math
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
    names = list(dict.fromkeys(name for row in table.rows for name in row))
    return names, [[cell(row.get(name), row.get("seeds")) for name in names] for row in table.rows]


def cell(value: Any, seeds: int | None = None) -> str:
    """A cell in words: a number with its interval, and of how many seeds where others have no value; a dash for what is
    not known.
    """
    if isinstance(value, Interval):
        if math.isnan(value.value):
            return "-"
        some = f" (n = {value.n})" if seeds is not None and lacks_seeds(value, seeds) else ""
        ends = "" if math.isnan(value.low) else f" [{number(value.low)}, {number(value.high)}]"
        return f"{number(value.value)}{ends}{some}"
    return "-" if value is None else str(value)


def as_text(tables: Sequence[Table]) -> str:
    """Aligned columns; text to the left, numbers to the right."""
    return "\n".join(text_of(table) for table in tables)


def text_of(table: Table) -> str:
    """One table, aligned, with its note."""
    names, body = cells_of(table)
    widths = [max(len(line[i]) for line in [names, *body]) for i in range(len(names))]
    lines = ["  ".join(aligned(line, widths, len(table.keys))).rstrip() for line in [names, *body]]
    return "\n".join([*lines, f"({table.note})", ""])


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
    rule = ["---" if i < len(table.keys) else "---:" for i in range(len(names))]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in [names, rule, *body]]
    return "\n".join([*lines, "", f"*{table.note}*", ""])


def as_latex(tables: Sequence[Table]) -> str:
    """Tabulars that need no package."""
    return "\n".join(latex_of(table) for table in tables)


def latex_of(table: Table) -> str:
    """One tabular with its note as a comment."""
    names, body = cells_of(table)
    layout = "l" * len(table.keys) + "r" * (len(names) - len(table.keys))
    lines = [latex_row(line) for line in [names, *body]]
    begin, end = rf"\begin{{tabular}}{{{layout}}}", r"\end{tabular}"
    return "\n".join([f"% {table.note}", begin, r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", end, ""])


def latex_row(line: Sequence[str]) -> str:
    """One row; a bracket or star at its beginning would be taken for an option of the line break before it."""
    text = " & ".join(map(latex_text, line)) + r" \\"
    return "{}" + text if text.startswith(("[", "*")) else text


def latex_text(text: str) -> str:
    """Text in which nothing is a command."""
    special = {
        "\N{MINUS SIGN}": "$-$",
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
    special |= {sign: f"\\{sign}" for sign in "_%&#${}"}
    return "".join(special.get(sign, sign) for sign in text)


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
