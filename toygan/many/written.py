"""How a table is written: text, Markdown, LaTeX, CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from toygan.files.mistakes import UserError, suggestion
from toygan.files.text import number
from toygan.many.results import as_csv
from toygan.many.table import Table, lacks_seeds
from toygan.view.records import Record
from toygan.view.statistics import Interval

ROW = "row"
RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
LOWERED = str.maketrans(RAISED, "-0123456789")
SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "_%&#${}"} | {
    "\N{MINUS SIGN}": "$-$", "\N{NO-BREAK SPACE}": "~", "\N{MIDDLE DOT}": r"$\cdot$",
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip  # what LaTeX takes for a command, or has another sign for


def written(tables: Sequence[Table], form: str) -> str:
    """Tables as text, markdown, csv or latex; UserError for another form."""
    if form not in FORMS:
        raise UserError(f"--format {form}: unknown; {suggestion(form, list(FORMS), 'formats')}")
    return FORMS[form](tables)


def cells_of(table: Table) -> tuple[list[str], list[list[str]]]:
    names = columns(table)
    return names, [[cell(row.get(one), one in row and lacks_seeds(one, row)) for one in names] for row in table.rows]


def columns(table: Table) -> list[str]:
    return list(dict.fromkeys([*table.keys, *(name for row in table.rows for name in row)]))


def cell(value: Any, is_of_few: bool = False) -> str:
    """A number with its interval, and of how many seeds where others have no value; a dash for what is not known."""
    if isinstance(value, Interval):
        if math.isnan(value.value):
            return "-"
        some = f" (n = {value.n})" if is_of_few else ""
        ends = "" if math.isnan(value.low) else f" [{number(value.low)}, {number(value.high)}]"
        return f"{number(value.value)}{ends}{some}"
    return "-" if value is None else value if isinstance(value, str) else str(value)


class OwnName(str):
    """A name that the user gave: LaTeX takes mathematics in it as it is."""


def new_names(pairs: Sequence[str]) -> dict[str, OwnName]:
    """`OLD=NEW` each; UserError for what is none."""
    for pair in pairs:
        if not all(part.strip() for part in pair.partition("=")):
            raise UserError(f"--name {pair}: expected OLD=NEW, for example wgan-gp=WGAN-GP")
    return {old.strip(): OwnName(new.strip()) for old, _, new in (pair.partition("=") for pair in pairs)}


def renamed(table: Table, names: Mapping[str, str]) -> Table:
    """A table whose columns, and what stands in the columns of its keys, are called as somebody likes."""
    rows = [{**row, **{key: names.get(str(row[key]), row[key]) for key in table.keys}} for row in table.rows]
    return headed(table._replace(rows=rows), names)


def headed(table: Table, names: Mapping[str, str]) -> Table:
    """A table with other names of its columns. UserError where two would have one name."""
    told = [names.get(name, name) for name in columns(table)]
    if twice := sorted({name for name in told if told.count(name) > 1}):
        raise UserError(f"--name: two columns would be called {twice[0]!r}; give each a name of its own")
    rows = [{names.get(name, name): value for name, value in row.items()} for row in table.rows]
    best = frozenset((i, names.get(name, name)) for i, name in table.best)
    return Table([names.get(key, key) for key in table.keys], rows, table.note, best)


def parted(table: Table, room: int) -> list[Table]:
    """A table as several below each other, each with the keys and no wider than a terminal, long names stacked, the note
    below the last; as it is where it fits. Where the keys leave a column no room, rows have numbers, and the first tables say
    which is which.
    """
    if width_of(table) <= room:
        return [table]
    names, body = cells_of(table)
    whole, short = table, {name: stacked(name, widest(line[i] for line in body)) for i, name in enumerate(names)}
    table = headed(whole, short)
    keys, others = table.keys, columns(table)[len(table.keys) :]
    if len(keys) > 1 and any(width_of(narrowed(table, [*keys, name])) > room for name in others):
        return [part for one in numbered(whole) for part in parted(one, room)]
    blocks = [[*keys]]
    for name in others:
        if len(blocks[-1]) > len(keys) and width_of(narrowed(table, [*blocks[-1], name])) > room:
            blocks.append([*keys])
        blocks[-1].append(name)
    return [narrowed(table, block)._replace(note=table.note * (block is blocks[-1])) for block in blocks]


def numbered(table: Table) -> list[Table]:
    """The keys of a table by the number of its row, and its other columns by that."""
    keys = [{ROW: i} | {name: row.get(name) for name in table.keys} for i, row in enumerate(table.rows, 1)]
    rows = [
        {ROW: i} | {name: value for name, value in row.items() if name not in table.keys}
        for i, row in enumerate(table.rows, 1)
    ]
    return [Table([ROW], keys, ""), Table([ROW], rows, table.note)]


def narrowed(table: Table, names: Sequence[str]) -> Table:
    return table._replace(rows=[{name: row.get(name) for name in names} for row in table.rows])


def width_of(table: Table) -> int:
    return sum(width + 2 for width in column_widths(*cells_of(table))) - 2


def column_widths(names: Sequence[str], body: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is, of whose name the lines may stand below each other."""
    return [widest([*name.split("\n"), *(line[i] for line in body)]) for i, name in enumerate(names)]


def widest(words: Iterable[str]) -> int:
    return max(map(len, words), default=0)


def stacked(name: str, width: int) -> str:
    """A name cut after dots, underscores and blanks into lines of a width, if it can be."""
    lines = [""]
    for part in re.findall(r"[^._ ]+[._ ]*|[._ ]+", name):
        if lines[-1] and len(lines[-1] + part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip(" ") for line in lines)


def text_of(table: Table) -> str:
    names, body = cells_of(table)
    widths, stacks = column_widths(names, body), [name.split("\n") for name in names]
    tall = max(map(len, stacks))
    heads = [list(line) for line in zip(*([""] * (tall - len(stack)) + stack for stack in stacks), strict=True)]
    words = {i for i, name in enumerate(columns(table))
             if i < len(table.keys) or all(isinstance(row.get(name), str) for row in table.rows)}  # fmt: skip
    lines = []
    for line in [*heads, *body]:
        sized = enumerate(zip(line, widths, strict=True))
        cells = [text.ljust(width) if i in words else text.rjust(width) for i, (text, width) in sized]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, *([f"({table.note})"] if table.note else []), ""])


def emphasised(table: Table, body: Sequence[Sequence[str]], bold: Callable[[str], str]) -> list[list[str]]:
    """The cells of a table, the best ones in bold."""
    names = columns(table)
    return [[bold(text) if (i, name) in table.best else text for name, text in zip(names, line, strict=True)]
            for i, line in enumerate(body)]  # fmt: skip


def markdown_of(table: Table) -> str:
    names, body = cells_of(table)
    rule = ["---" if i < len(table.keys) else "---:" for i in range(len(names))]
    told = [names, rule, *emphasised(table, body, "**{}**".format)]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in told]
    return "\n".join([*lines, "", f"*{table.note}*", ""])


def latex_of(table: Table) -> str:
    """One tabular for the package booktabs with its note as a comment."""
    names, body = cells_of(table)
    layout = "l" * len(table.keys) + "r" * (len(names) - len(table.keys))
    plain = [list(map(latex_text, line)) for line in body]
    head, *lines = map(latex_row, [map(latex_text, names), *emphasised(table, plain, r"\textbf{{{}}}".format)])
    begin = rf"\begin{{tabular}}{{{layout}}}"
    rules = [begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join([f"% {table.note}", *rules])


def latex_row(cells: Iterable[str]) -> str:
    """One row; a bracket or star at its beginning would be taken for an option of the line break before it."""
    text = " & ".join(cells) + r" \\"
    return "{}" + text if text.startswith(("[", "*")) else text


def latex_text(text: str) -> str:
    """Text in which nothing is a command, but mathematics in a name that the user chose."""
    if isinstance(text, OwnName) and ("$" in text or "\\" in text):
        return text
    return re.sub(f"[{RAISED}]+", lambda found: f"$^{{{found[0].translate(LOWERED)}}}$", text.translate(SPECIAL))


def csv_of(tables: Sequence[Table]) -> str:
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
    "text": lambda tables: "\n".join(map(text_of, tables)),
    "markdown": lambda tables: "\n".join(map(markdown_of, tables)),
    "csv": csv_of,
    "latex": lambda tables: "\n".join([r"% needs \usepackage{booktabs}", *map(latex_of, tables)]),
}
