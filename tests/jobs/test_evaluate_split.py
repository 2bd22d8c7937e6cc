"""evaluate_split: a split of two tastes, from files to results."""

import argparse
import json

import pytest

from jobs.evaluate_split import Evaluation, evaluate, judge_both, parse, read_split, tune
from lakerec.config import load
from lakerec.diagnostics.split_evaluation import MeasureSettings, fit_model_ranker, with_baselines
from lakerec.errors import SettingsError
from lakerec.model.als import fit_als

HOW = Evaluation("train", MeasureSettings((1, 2), 20, 7))
SMALL = {"als.rank": 2, "als.max_iter": 10, "als.reg_param": 0.1, "als.alpha": 1.0}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Twelve users of each taste, hats or shoes: all had two of its four items, then the third, and then the fourth."""
    folder = tmp_path_factory.mktemp("split")
    parts = {"train": ["userID::itemID"], "validation": [], "test": []}
    for user in range(24):
        kind = "hat" if user < 12 else "shoe"
        order = [f"{kind}{(user + nth) % 4}" for nth in range(4)]
        parts["train"] += [f"user {user}::{item}" for item in order[:2]]
        parts["validation"].append(f"user {user}::{order[2]}")
        parts["test"].append(f"user {user}::{order[3]}")
    parts["test"].append("a stranger::hat0")
    paths = {}
    for name, lines in parts.items():
        (folder / name).write_text("\n".join(lines) + "\n")
        paths[name] = str(folder / name)
    (folder / "candidates").write_text("\n".join(f"user {user}::hat0::hat1::hat2::hat3" for user in range(24)))
    return argparse.Namespace(**paths, candidates=None, strength=None, tune=0, folder=folder)


def by_key(results):
    return {(r["recommender"], r["split"], r["metric"], r["k"]): r for r in results}


def test_the_model_and_every_baseline_are_judged_on_both_parts(spark, files):
    results = by_key(evaluate(spark, files, load("test", SMALL), HOW))

    assert {key[0] for key in results} == {"als", "popularity", "item_knn_cosine", "item_knn_bm25", "random"}
    # the two items left of a user's own taste come first, the stranger is a miss
    recall = results["als", "test", "recall", 2]
    assert (recall["value"], recall["user_count"]) == (pytest.approx(24 / 25), 25)
    assert recall["low"] < recall["value"] <= recall["high"]
    assert results["als", "validation", "recall", 2]["value"] == 1
    assert results["item_knn_cosine", "validation", "recall", 2]["value"] == 1
    assert results["popularity", "validation", "recall", 2]["value"] < 1
    assert json.loads(json.dumps(list(results.values()))) == list(results.values())


@pytest.mark.slow
def test_what_validation_knows_can_be_masked_and_candidates_are_all_that_is_ranked(spark, files):
    config, how = load("test", SMALL), HOW._replace(mask="known")
    options = argparse.Namespace(**{**vars(files), "candidates": str(files.folder / "candidates")})
    split = read_split(spark, options)
    fitted = fit_als(split.train, config.als)
    rankers = with_baselines(fit_model_ranker(fitted, split.item_index, 2), split, config.baselines, 7, 2)

    results = by_key(judge_both(split, fitted, rankers, config, how))

    # users of hats have one hat left for the test, and rank it first; users of shoes have only hats to rank
    assert results["als", "test", "recall", 1]["value"] == pytest.approx(12 / 25)
    assert results["als", "validation", "recall", 2]["value"] == pytest.approx(12 / 24)
    assert results["als", "test", "coverage", 2]["value"] == pytest.approx(4 / 8)


def test_tuning_keeps_the_best_on_validation(spark, files):
    bad = load("test", {**SMALL, "als.reg_param": 50.0, "als.max_iter": 1, "als.solver": "cg"})

    best = tune(read_split(spark, files)._replace(test=None), bad, HOW, trials=4)  # what is tested on is not there

    # with that penalty all factors are almost nothing, and what is proposed lies below it
    assert (best.als.seed, best.als.solver) == (bad.als.seed, "cg")
    assert best.als.reg_param < 50.0


def test_a_file_that_is_not_there_is_named(spark, files):
    options = argparse.Namespace(**{**vars(files), "train": "nowhere.csv"})

    with pytest.raises(SettingsError, match=r"nowhere\.csv: no such file"):
        read_split(spark, options)


def test_the_command_line_knows_the_forms_that_are_asked_for(monkeypatch):
    words = "evaluate_split --train a --validation b --test c --mask known --k 10,20 --set als.rank=8 --tune 3"
    monkeypatch.setattr("sys.argv", words.split())

    options = parse()

    assert (options.k, options.mask, options.tune, options.set) == ((10, 20), "known", 3, [("als.rank", "8")])


@pytest.mark.parametrize(
    ("flags", "said"),
    [("--k 0", "'0' is not a list of lengths"), ("--result-json nowhere/a.json", "cannot write 'nowhere/a.json'")],
)
def test_what_cannot_be_used_ends_with_2_and_says_why(flags, said, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", f"evaluate_split --train a --validation b --test c {flags}".split())

    with pytest.raises(SystemExit) as ended:
        parse()

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
