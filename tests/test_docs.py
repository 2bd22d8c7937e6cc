"""What the documents promise: their links lead somewhere, their commands exist, and the code keeps its style."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
TOOLS = {"setup", "doctor", "package", "notebook", "test", "benchmark"}
CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_checkout_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text())

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_the_door_is_one_it_knows(document: Path) -> None:
    verbs = set(re.findall(r"\./spark-submit\.sh ([a-z_]+)", document.read_text()))
    jobs = {path.stem for path in (REPOSITORY / "jobs").glob("*.py")}

    assert verbs <= jobs | TOOLS


def test_the_readme_fits_on_a_screen_and_begins_with_the_two_commands() -> None:
    lines = (REPOSITORY / "README.md").read_text().splitlines()

    commands = [line.split("#")[0].strip() for line in lines if line.startswith("    ./spark-submit.sh")]
    assert commands[:2] == ["./spark-submit.sh run_pipeline", "./spark-submit.sh test"]
    assert len(lines) < 80


@pytest.mark.parametrize("command", CHECKS, ids=" ".join)
def test_the_code_is_clean(command: list[str]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout
