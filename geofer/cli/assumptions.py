"""What a command assumes is told in a line, as its errors are; not as a warning with a line of source code."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from geofer.errors import AssumptionWarning, escaped


@contextmanager
def assumptions_told() -> Iterator[None]:
    """Shows each `geofer.errors.AssumptionWarning` as one line on stderr; other warnings as they were shown before."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, AssumptionWarning):
                print(f"geofer: {escaped(str(message))}", file=sys.stderr)
            else:
                usual(escaped(str(message)), category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
