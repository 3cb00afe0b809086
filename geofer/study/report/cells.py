"""Tables of text, headings first, as files hold them."""

import csv
import io
from collections.abc import Sequence

Lines = Sequence[Sequence[str]]
"""The headings, and a line of cells for each row."""


def cells_as_csv(lines: Lines) -> str:
    """The table as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def cells_as_markdown(lines: Lines) -> str:
    """The table as Markdown: the first column to the left, all others to the right."""
    headings, *rows = lines
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *rows))
