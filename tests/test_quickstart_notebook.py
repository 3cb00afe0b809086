"""docs/quickstart.ipynb: its committed outputs are those of its cells, and they come again when it is run."""

import os
import sys
from copy import deepcopy
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")

NOTEBOOK = Path(__file__).parents[1] / "docs" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell) -> str:
    """What a cell prints and says, pictures aside."""
    texts = [output.get("text", "") for output in cell.outputs]
    return "".join(texts) + "".join(str(output.get("evalue", "")) for output in cell.outputs)


def pictures(cell) -> int:
    return sum("image/jpeg" in output.get("data", {}) for output in cell.outputs)


def printed_by(notebook, source: str) -> str:
    return "".join(printed(cell) for cell in code_cells(notebook) if source in cell.source)


def assert_tells_what_it_says(notebook) -> None:
    """The tables are printed, the face is found, the pictures are there, and nothing failed."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    everything = "".join(map(printed, cells))
    for word in ("Traceback", "geofer: ", "Error", "/tmp/", "/home/", "/root/"):
        assert word not in everything
    tested = printed_by(notebook, "geofer test --config runs/classifier")
    assert "95 % over 4 subjects" in tested
    assert "yaw, pitch" in tested
    assert "balanced accuracy" in printed_by(notebook, "geofer report")
    assert printed_by(notebook, "geofer.load()").startswith("happiness, turned by")
    assert sum(map(pictures, cells)) == 5


def test_its_outputs_are_committed_and_small(committed):
    nbformat.validate(committed)
    assert NOTEBOOK.stat().st_size < 1_000_000
    assert_tells_what_it_says(committed)


@pytest.mark.slow
def test_it_runs(committed, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")  # where `geofer` is
    again = deepcopy(committed)
    for cell in code_cells(again):
        cell.outputs, cell.execution_count = [], None
    nbclient.NotebookClient(again, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    assert_tells_what_it_says(again)
    for before, after in zip(code_cells(committed), code_cells(again), strict=True):
        assert pictures(before) == pictures(after)
        assert bool(printed(before)) == bool(printed(after))
