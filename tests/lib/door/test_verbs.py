from pathlib import Path

from lakerec.door.verbs import TOOLS, help_text, read_verbs


def a_job(folder: Path, name: str, source: str) -> None:
    (folder / f"{name}.py").write_text(source)


def test_a_job_is_listed_under_its_group_with_the_first_line_of_its_docstring(tmp_path: Path) -> None:
    docstring = '"""fruit -> juice: press it.\n\nMore."""\n'
    a_job(tmp_path, "press_juice", docstring + 'import no_such_module\n\nGROUP = "analysts"\n')

    text = help_text(read_verbs(tmp_path))

    assert "Analysts:\n  press_juice  fruit -> juice: press it\n" in text


def test_a_job_without_a_group_is_listed_last(tmp_path: Path) -> None:
    a_job(tmp_path, "press_juice", '"""fruit -> juice: press it."""\n')

    assert help_text(read_verbs(tmp_path)).endswith("Further jobs:\n  press_juice  fruit -> juice: press it")


def test_private_files_are_no_jobs(tmp_path: Path) -> None:
    a_job(tmp_path, "__init__", '"""Not a job."""\n')

    assert read_verbs(tmp_path) == list(TOOLS)


def test_every_job_of_the_checkout_says_what_it_does_and_for_whom() -> None:
    lacking = [verb.name for verb in read_verbs() if not verb.what or verb.group == "further jobs"]

    assert lacking == []
