"""Settings: files < environment < flags, and what a wrong one is told."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from lakerec.bronze.mapping import Source
from lakerec.config import configuration, described_settings, load, load_source, setting_errors
from lakerec.errors import LandingError, SettingsError


def test_a_flag_wins_over_the_environment_which_wins_over_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    in_file = load("test", {}).als.rank
    monkeypatch.setenv("LAKEREC_ALS__RANK", "17")

    assert in_file != 17
    assert load("test", {}).als.rank == 17
    assert load("test", {"als.rank": "18"}).als.rank == 18


def test_a_file_of_settings_wins_over_the_profile_and_loses_to_the_environment_and_to_flags(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "best.toml"
    file.write_text("[als]\nrank = 33\nalpha = 7.0\nmax_iter = 4\n[feedback.weights]\ncart = 4.5\n")
    monkeypatch.setenv("LAKEREC_ALS__ALPHA", "8")

    config = load("test", {"als.max_iter": "5"}, file)

    assert (config.als.rank, config.als.alpha, config.als.max_iter) == (33, 8.0, 5)
    assert config.feedback.weights == {**load("test", {}).feedback.weights, "cart": 4.5}


def test_a_file_of_settings_that_is_not_there_or_is_no_toml_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("rank: 3")

    with pytest.raises(SettingsError, match=r"none\.toml: no such file"):
        load("test", {}, tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"broken\.toml: "):
        load("test", {}, broken)


def test_a_table_of_weights_takes_one_weight_at_a_time() -> None:
    weights = load("test", {"feedback.weights.view": "2.5"}).feedback.weights

    assert weights["view"] == 2.5
    assert weights["purchase"] == load("test", {}).feedback.weights["purchase"]


def test_lists_are_written_as_in_toml() -> None:
    assert load("test", {"ranking.ks": "[5, 10]"}).ranking.ks == (5, 10)


def test_every_wrong_setting_gets_one_line_that_names_it() -> None:
    with pytest.raises(SettingsError) as refused:
        load("test", {"als.rank": "-1", "als.rnak": "3", "split.test_days": "many"})

    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("split.test_days: ")
    assert "als.rank: Input should be greater than or equal to 1 (is '-1')." in lines
    assert "als.rnak: unknown setting. Known here: alpha, " in "\n".join(lines)


def test_an_unknown_section_lists_the_known_ones() -> None:
    with pytest.raises(
        SettingsError, match=r"alss: unknown setting. Known here: action_weights, als, as_of, attributes, "
    ):
        load("test", {"alss.rank": "8"})


def test_a_mistyped_environment_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEREC_ALS__RNAK", "8")

    with pytest.raises(SettingsError, match=r"LAKEREC_ALS__RNAK: .* Did you mean LAKEREC_ALS__RANK\?"):
        load("test", {})


@pytest.mark.parametrize("value", ["2026-03-02T00:00:00", "yesterday"])
def test_a_time_needs_its_zone(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^as_of: "):
        load("test", {"as_of": value})


def test_an_unknown_profile_or_source_is_named() -> None:
    with pytest.raises(SettingsError, match=r"conf/nowhere.toml: no such file"):
        load("nowhere", {})
    with pytest.raises(LandingError, match=r"no source 'nobody' is configured. Known: online_retail, otto, shop, "):
        load_source("nobody")


SOURCE = {
    "name": "here",
    "format": {"kind": "jsonl"},
    "events": {
        "files": ["*"],
        "fields": {"event_id": "a", "action": "b", "occurred_at": "c"},
        "time": {"format": "iso"},
    },
}
SHOP_TIME = "times of format '%Y' are local: state their zone, such as Europe/London"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"format": {"kind": "csv", "header": True, "delimiter": ","}}, "format.quote: missing."),
        (
            {"format": {"kind": "jsonl", "exploded": "x"}},
            "format.exploded: unknown setting. Known here: explode, kind.",
        ),
        ({"format": {}}, "format.kind: missing."),
        (
            {"format": {"kind": "xml"}},
            "format.kind: unknown kind. Known: 'jsonl', 'json', 'csv', 'parquet'.",
        ),
        (
            {"events": {**SOURCE["events"], "fields": {"occurred_at": "c"}}},
            "events: an event is identified by fields.event_id or by identity.fields: give exactly one.",
        ),
        ({"events": {**SOURCE["events"], "time": {"format": "%Y"}}}, f"events.time: {SHOP_TIME}."),
        ({"items": {"fields": {}}}, "items.files: missing."),
    ],
)
def test_a_wrong_setting_of_a_source_is_one_line_with_its_path(change: dict, line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Source.model_validate({**SOURCE, **change})

    assert setting_errors(caught.value, Source)[0] == line


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load("test", {}).als.rank = 3


def test_every_setting_has_a_default_and_says_what_it_means() -> None:
    lacking = [path for path, default, meaning in described_settings() if default is None or not meaning]

    assert lacking == []


def test_base_toml_holds_no_setting_that_nobody_reads() -> None:
    defaults = tomllib.loads(configuration().joinpath("base.toml").read_text())
    known = {path for path, _, _ in described_settings()}
    stated = {
        f"{section}.{key}" if isinstance(values, dict) else section
        for section, values in defaults.items()
        for key in (values if isinstance(values, dict) else [""])
    }

    assert stated == known
