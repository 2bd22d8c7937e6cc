"""Every notebook runs from its first cell to its last on a real lake, and changes nothing."""

import runpy
from pathlib import Path

import jupytext
import matplotlib
import pytest

from lakerec.catalog import TABLES
from tests.conftest import REPOSITORY, Shop

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_only_reads(notebook: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEREC_LAKE__ROOT", shop.lake.root)
    matplotlib.use("Agg")
    before = shop.lake.source_versions(*TABLES)

    runpy.run_path(str(notebook))

    assert shop.lake.source_versions(*TABLES) == before


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_text_without_outputs(notebook: Path) -> None:
    cells = jupytext.read(notebook).cells

    assert {cell.cell_type for cell in cells} == {"code", "markdown"}
    assert cells[0].source.startswith("# ")
