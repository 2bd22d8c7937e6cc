"""The command line of a job."""

import sys

import pytest

from lakerec.flags import Flag, parse, settings_in


def given(monkeypatch: pytest.MonkeyPatch, *flags: str) -> dict[str, object]:
    monkeypatch.setattr(sys, "argv", ["job", *flags])
    return settings_in(parse("job", "What it does.", can_check=True, can_follow=True))


def test_flags_and_assignments_become_settings_by_their_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    found = given(monkeypatch, "--lake", "here", "--run-id", "r1", "--rebuild", "silver,gold", "--set", "als.rank = 5")

    assert found == {"lake.root": "here", "lake.run_id": "r1", "lake.rebuild": ["silver", "gold"], "als.rank": "5"}


def test_a_job_may_need_a_word_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["replay", "abc", "--lake", "here"])
    word = Flag("replay.model_id", "MODEL_ID", "which model")

    found = settings_in(parse("replay", "What it does.", can_check=False, can_follow=False, named=word))

    assert found["replay.model_id"] == "abc"


def test_strict_is_a_setting_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, "--strict")["data.strict"] is True
    assert "data.strict" not in given(monkeypatch)


def test_a_run_without_a_name_gets_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {given(monkeypatch)["lake.run_id"] for _ in range(2)}

    assert len(names) == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--set", "als.rank"], "'als.rank' is not section.key=value"),
        (["--every", "soon"], "'soon' is no duration such as 30s, 5m or 1h"),
        (["--result-json", "nowhere/result.json"], "cannot write 'nowhere/result.json'"),
        (["--unknown"], "unrecognized arguments: --unknown"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_read_ends_with_2_and_says_why(
    flags: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        given(monkeypatch, *flags)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
