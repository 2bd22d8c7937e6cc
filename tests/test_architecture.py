"""What must stay true of the code base: who imports whom, and where things are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "lib" / "lakerec"
LAYERS = ("bronze", "silver", "gold", "model", "diagnostics", "recommendations", "business")
WORDS = {"errors", "contract", "quality", "kept", "draws", "costs", "gathered", "large_batches", "compiled", "__init__"}
SHELL = {
    "folders": set(),
    "delta_log": {"errors", "folders"},
    "locks": {"errors"},
    "increment": {"errors", "contract", "delta_log"},
    "parts": {"contract", "delta_log", "folders", "increment"},
    "small_tables": {"contract", "data_files", "delta_log"},
    "tables": {"errors", "contract", "data_files", "delta_log", "folders", "increment", "small_tables", "spread"},
    "data_files": {"contract", "delta_log", "folders"},
    "commits": {"contract", "data_files", "delta_log", "folders", "parts", "small_tables"},
    "lakehouse": {"errors", "contract", "operations", "delta_log", "increment", "locks", "parts", "tables", "commits"},
    "session": {"errors"},
    "mapped_rows": {"contract", "data_files", "large_batches", "small_tables"},
    "native_model": set(),
    "health": {"errors", "contract", "operations", "delta_log", "folders"},
    "tracking": {"errors", "contract", "operations"},
    "releasing": {"errors", "contract", "lakehouse", "tracking", *LAYERS},
    "file_reader": {"errors", "bronze"},
    "spread": set(),
    "landing": {"errors", "contract", "bronze", "file_reader", "folders", "spread"},
    "staging": {"contract", "bronze", "data_files", "folders", "landing", "small_tables", "spread"},
    "report": {"errors", "contract", "lakehouse", "catalog", "operations", *LAYERS},
    "summary": {"errors", "contract", "lakehouse", "catalog", "operations", *LAYERS},
    "planning": {"contract", "costs", "folders", "file_reader", *LAYERS},
    "evaluated": {"tables", "kept", *LAYERS},
    "follow": {"errors"},
    "outcome": {"whole_files"},
    "lag": {"tables", "bronze", "silver"},
    "preview": {"errors", "contract", "quality", "config", "landing", "bronze", "silver"},
    "shop": {"errors", "contract", "whole_files"},
    "operations": WORDS,
    "catalog": {*WORDS, "operations", *LAYERS},
    "contract": {"errors"},
    "quality": {"errors", "contract"},
    "costs": {"contract"},
    "kept": {"folders"},
    "draws": set(),
    "gathered": set(),
    "large_batches": set(),
    "compiled": set(),
    "whole_files": set(),
    "worker_daemon": {"bronze", "model"},
    "errors": set(),
}
MAY_DO_ANYTHING_IN_LIB = {"config", "flags", "runner", "door"}
STARTS_OTHERS = {"run_pipeline", "redrive_rejects"}
ONLY_HERE = {"mlflow": {"tracking"}, "delta": {"commits"}, "deltalake": {"commits"}}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def core_modules() -> list[Path]:
    return [path for path in modules() if part_of(path) in LAYERS]


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "lakerec")


def our_parts(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("lakerec.")} - {"__version__"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_to_its_left(path: Path) -> None:
    part = part_of(path)
    if part in MAY_DO_ANYTHING_IN_LIB or part == "__init__":
        return
    allowed = {*WORDS, *LAYERS[: LAYERS.index(part)]} if part in LAYERS else SHELL[part]

    assert our_parts(path) - {part} <= allowed


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_has_one_importer_and_jobs_none(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}

    assert not {library for library, homes in ONLY_HERE.items() if library in roots and part_of(path) not in homes}
    assert not roots & {"jobs", "notebooks", "tests", "benchmarks"}


@pytest.mark.parametrize(
    "path", [p for p in modules() if part_of(p) in LAYERS], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_the_core_knows_no_session_disk_or_clock(path: Path) -> None:
    text = path.read_text()

    assert "._jvm" not in text
    assert ".rdd" not in text or path.stem == "packed_pairs"  # ARCHITECTURE.md says why
    assert "datetime.now" not in text
    assert "os.environ" not in text
    assert "SparkSession" not in text


@pytest.mark.parametrize("path", sorted((REPOSITORY / "jobs").glob("*.py")), ids=lambda path: path.name)
def test_a_job_imports_no_other_job(path: Path) -> None:
    jobs = {name for name in imported(path) if name.split(".")[0] == "jobs"}

    assert path.stem in STARTS_OTHERS or not jobs


def test_tests_mirror_the_library_and_the_jobs() -> None:
    lacking = [
        str(path.relative_to(REPOSITORY))
        for path in [*modules(), *(REPOSITORY / "jobs").glob("*.py")]
        if path.stem != "__init__" and not _test_of(path).exists() and "TABLE_ONLY" not in _kind(path)
    ]

    assert lacking == []


def test_files_stay_short() -> None:
    long = {str(p.relative_to(REPOSITORY)): n for p in modules() if (n := len(p.read_text().splitlines())) > 300}

    assert long == {}


def _test_of(path: Path) -> Path:
    if path.stem == "run_pipeline":
        return REPOSITORY / "tests" / "test_pipeline.py"
    inside = path.relative_to(REPOSITORY).with_name(f"test_{path.name}")
    parts = inside.parts[2:] if inside.parts[0] == "lib" else inside.parts[1:]
    return REPOSITORY / "tests" / inside.parts[0] / Path(*parts)


def _kind(path: Path) -> str:
    """A module that only declares a table has nothing of its own to test: test_catalog holds it."""
    body = ast.parse(path.read_text()).body
    return "" if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body) else "TABLE_ONLY"
