import json
import shlex
from pathlib import Path

from lakerec.door.jars import CHECKOUT, read_lock
from lakerec.door.notebook import copy_notebooks, submit_arguments


def test_a_notebook_is_copied_once_and_a_changed_copy_is_kept(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_events.py").write_text("# %% [markdown]\n# # Events\n\n# %%\n1 + 1\n")

    copies = copy_notebooks(tmp_path / "source", tmp_path / "copies")
    first = json.loads((copies / "01_events.ipynb").read_text())
    (copies / "01_events.ipynb").write_text("mine")
    copy_notebooks(tmp_path / "source", tmp_path / "copies")

    assert [(cell["cell_type"], "".join(cell["source"])) for cell in first["cells"]] == [
        ("markdown", "# Events"),
        ("code", "1 + 1"),
    ]
    assert (copies / "01_events.ipynb").read_text() == "mine"


def test_a_session_in_a_notebook_gets_the_profile_and_deltas_jars() -> None:
    words = shlex.split(submit_arguments("local"))

    assert words[:3] == ["--properties-file", str(CHECKOUT / "conf" / "spark" / "local.conf"), "--jars"]
    assert words[3].split(",") == [str(jar.path) for jar in read_lock()]
    assert words[4] == "pyspark-shell"
