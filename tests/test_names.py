"""Names from outside, in messages, tables and on the terminal: whatever they hold, they are shown and nothing more."""

import csv
import json
import os
from contextlib import ExitStack

import pyarrow.parquet as pq
import pytest

from geofer.app.recognition.result_table import TableWriter, columns
from geofer.cli import main
from geofer.cli.recognize_files import _print
from geofer.errors import ConfigError, escaped, printable
from geofer.names import in_cell
from geofer.schema import check_expressions, read_expressions

ODD = [b"bad\xff.jpg", b"two\nlines.jpg", b"\x1b[31mred.jpg", "turn\u202e.jpg".encode(), b"=cmd|'/C calc'!A0.jpg"]
ODD += [b"+1.jpg", b"-x.jpg", b"@SUM(1).jpg", b"\t=1.jpg", b"\r=1.jpg", "＝1.jpg".encode(), b"a,\"b';.jpg", b"'.jpg"]  # noqa: RUF001
NAMES = [os.fsdecode(name) for name in [b"plain.jpg", *ODD, b"last.jpg"]]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_shown_and_kept_on_one_line(name):
    for text in (printable(name), in_cell(name), escaped(name).replace("\n", " ")):
        assert text.isprintable()
    assert not in_cell(name).startswith(("=", "+", "-", "@", "＝"))  # noqa: RUF001
    in_cell(name).encode()


def test_numbers_stay_numbers_in_cells():
    assert [in_cell(text) for text in ("-1", "+0.5", "-1e3", "-x", "1-2", "")] == [
        "-1",
        "+0.5",
        "-1e3",
        "'-x",
        "1-2",
        "",
    ]


def test_a_message_keeps_its_lines_and_loses_what_a_terminal_obeys():
    assert escaped("first\nsecond \x1b]0;title\x07\u202e\udcff") == "first\nsecond \\x1b]0;title\\x07\\u202e\\udcff"
    assert escaped("é 表 ±") == "é 表 ±"


def _row(name: str) -> dict:
    return {
        "file": name,
        "frame": None,
        "time": None,
        "error": f"{name} is no picture",
        "model": "1234",
        "modified": "then",
    }


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_tables_survive_any_name_and_go_on_behind_it(tmp_path, ending):
    path, names = tmp_path / f"table.{ending}", columns(("glad", "sad"))
    for part in (NAMES[:6], NAMES):  # the second command finds the first one's rows
        with ExitStack() as files:
            table = TableWriter(path, names, files, "1234", dict.fromkeys(NAMES, "then"))
            for name in part:
                if ending == "parquet" or table.next_frame(name) == 0:
                    table.write([_row(name)])
    if ending == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            found = [row["file"] for row in csv.DictReader(file)]
    elif ending == "jsonl":
        found = [json.loads(line)["file"] for line in path.read_text().splitlines()]
    else:
        found = pq.read_table(path)["file"].to_pylist()
    assert found == [in_cell(name) for name in NAMES]
    assert len(set(found)) == len(NAMES)


def test_names_are_printed_on_a_line_of_their_own(capsys):
    _print([_row(name) for name in NAMES])
    lines = capsys.readouterr().out.split("\n")
    assert len(lines) == len(NAMES) + 1
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_error_of_a_command_shows_a_name_and_nothing_more(name, capsys):
    assert main(["recognize", name]) in (1, 2)
    assert main(["fit", "--config", name]) in (1, 2)
    assert main([name]) == 2
    told = capsys.readouterr().err
    assert all(line.isprintable() for line in told.split("\n"))


def test_expressions_have_names_that_a_table_can_show():
    assert read_expressions(["anger", "très étonné", "7", "a b"]) == ("anger", "très étonné", "7", "a b")
    with pytest.raises(ConfigError, match=r"'Warning', which is a column .*Rename the expressions"):
        check_expressions(["anger", "Warning"])


def test_reserved_names_are_those_of_the_tables():
    from geofer.callbacks.predictions import COLUMNS as PREDICTED
    from geofer.schema import COLUMNS

    assert {*columns(()), *PREDICTED} <= COLUMNS


def test_a_huge_cell_does_not_fill_the_terminal():
    assert len(escaped("label " + "x" * 10**7)) == 10_001
