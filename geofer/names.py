"""Names from outside (of files, people, labels), where they are shown and where they are kept.

`geofer.errors.printable` makes a name fit for a message, and these make it fit for a table.
"""

from geofer.errors import printable

FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - the wide ones, which some spreadsheets compute, too
"""What a cell begins with that a spreadsheet would compute."""


def storable(name: str | None) -> str | None:
    r"""A name as a file keeps it: bytes of a file name that are no UTF-8 become ``\udcff`` and the like.

    Examples:
        >>> print(storable('caf\udce9.jpg'))
        caf\udce9.jpg
    """
    return name.encode("utf-8", "backslashreplace").decode() if name is not None else None


def in_cell(text: str) -> str:
    r"""Text as a cell of a table may hold it: no control characters, and nothing that a spreadsheet would compute.

    Numbers stay as they are.

    Examples:
        >>> in_cell('=HYPERLINK("http://…")')
        '\'=HYPERLINK("http://…")'
        >>> in_cell('-3.5')
        '-3.5'
    """
    shown = printable(storable(text))
    return f"'{shown}" if shown.lstrip().startswith(FORMULA) and not _is_number(shown) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
