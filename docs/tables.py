"""Print the README's table of methods, and with a folder of runs the table of results.

python docs/tables.py
"""

import re

from toygan.methods import METHODS


def row(name: str) -> str:
    """One method: formula, year, paper."""
    method = METHODS[name]
    formula, paper = method["formula"].replace("|", "&#124;"), method["reference"]
    year = re.search(r"\b(19|20)\d\d\b", paper)
    return f"| `{name}` | {formula} | {year[0] if year else ''} | {paper} |"


def main() -> None:
    """Print it as Markdown."""
    print("| method | critic C minimises; generator G minimises | year | paper |\n|---|---|---|---|")
    print("\n".join(map(row, METHODS)))


if __name__ == "__main__":
    main()
