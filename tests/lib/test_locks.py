"""One writer a layer."""

from pathlib import Path

import pytest

from lakerec.errors import BusyError, LakeError
from lakerec.locks import hold_layers


def test_a_layer_that_another_run_writes_is_busy_and_names_that_run(tmp_path: Path) -> None:
    with (
        hold_layers(str(tmp_path), ["silver"], "nightly", 0),
        pytest.raises(BusyError, match=r"silver: run 'nightly' is writing this layer.*--wait SECONDS"),
        hold_layers(str(tmp_path), ["silver"], "another", 0),
    ):
        pass


def test_other_layers_are_free_and_a_released_layer_is_free_again(tmp_path: Path) -> None:
    with hold_layers(str(tmp_path), ["silver"], "one", 0), hold_layers(str(tmp_path), ["gold"], "two", 0):
        pass

    with hold_layers(str(tmp_path), ["silver"], "three", 0):
        assert (tmp_path / "_locks" / "silver.lock").read_text() == "three"


def test_a_lake_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file, not a folder")

    with (
        pytest.raises(LakeError, match=r"lake.root: cannot write to '.*lake'"),
        hold_layers(str(tmp_path / "lake"), ["silver"], "one", 0),
    ):
        pass
