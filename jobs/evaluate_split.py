"""files of pairs -> console, a result file: fit and judge a published split, beside every baseline; writes no table.

Each file holds (user, item) pairs, separated by comma, semicolon, tab, `::` or space, with or without a header; ids are
any text. Every item of any file is ranked for each user, or the user's own candidates where --candidates is given.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakerec.config import Config, load
from lakerec.diagnostics.rankings import TEST, VALIDATION
from lakerec.diagnostics.search_space import Candidate, dimensions, values_of, with_values
from lakerec.diagnostics.split_evaluation import (
    MeasureSettings,
    Rankers,
    fit_model_ranker,
    fit_validation_judge,
    judge_split,
    with_baselines,
)
from lakerec.diagnostics.split_files import PublishedSplit, index_split, parse_candidates, parse_pairs, separator_of
from lakerec.diagnostics.study import Search, Start, ended_trials, go_on, open_study, shares_of
from lakerec.diagnostics.trial_texts import progress
from lakerec.diagnostics.trials import CONFIGURED, best_of
from lakerec.errors import LakerecError, SettingsError, TrainingDataError
from lakerec.flags import settings_parser, writable_file
from lakerec.model.als import FittedAls, fit_als
from lakerec.runner import say
from lakerec.session import open_session
from lakerec.whole_files import write_whole

GROUP = "data scientists"
SHOWN = ("recall", "ndcg", "precision", "map", "mrr", "hit_rate", "coverage", "novelty")
TUNED_BY = "ndcg"
Result = dict[str, Any]


class Evaluation(NamedTuple):
    """How a split is judged: what is masked (train; or known: for the test also validation), and how it is measured."""

    mask: str
    measure: MeasureSettings


def main() -> int:
    """Judge the files of the command line."""
    options = parse()
    try:
        config = load(options.profile, dict(options.set))
        measure = MeasureSettings(options.k, config.ranking.replicates, config.ranking.seed)
        results = evaluate(open_session("lakerec evaluate_split"), options, config, Evaluation(options.mask, measure))
    except LakerecError as error:
        say("\n".join(f"evaluate_split: {line}" for line in str(error).splitlines()))
        return error.exit_code
    if options.result_json:
        write_whole(options.result_json, json.dumps(results, indent=1) + "\n")
    return 0


def evaluate(spark: SparkSession, options: argparse.Namespace, config: Config, how: Evaluation) -> list[Result]:
    """Read, tune if asked to, fit, and judge: a result for each (recommender, split, metric, k)."""
    split = read_split(spark, options)
    with tempfile.TemporaryDirectory() as checkpoints:
        spark.sparkContext.setCheckpointDir(checkpoints)
        if options.tune:
            config = tune(split, config, how, options.tune)
        began = time.perf_counter()
        fitted = fit_als(split.train, config.als)
        say(f"als: fitted in {time.perf_counter() - began:.1f} s with {shown_settings(config)}")
        began = time.perf_counter()
        n, seed = max(how.measure.ks), config.ranking.seed
        rankers = fit_model_ranker(fitted, split.item_index, n)
        rankers = with_baselines(rankers, split, config.baselines, seed, n)
        results = judge_both(split, fitted, rankers, config, how)
    say(f"judged in {time.perf_counter() - began:.1f} s\n\n{as_table(results)}")
    return results


def judge_both(
    split: PublishedSplit, fitted: FittedAls, rankers: Rankers, config: Config, how: Evaluation
) -> list[Result]:
    """Results of validation and test; where both mask the same, in one pass."""
    held_out = {
        name: pairs.select(F.lit(name).alias("split"), "user_ix", "item_ix")
        for name, pairs in ((VALIDATION, split.validation), (TEST, split.test))
    }
    train = split.train.select("user_ix", "item_ix")
    both = held_out[VALIDATION].unionByName(held_out[TEST])
    known = train.unionByName(split.validation.select("user_ix", "item_ix")).distinct()
    parts = [(both, train)] if how.mask == "train" else [(held_out[VALIDATION], train), (held_out[TEST], known)]
    size = config.baselines.max_profile
    return [
        result
        for pairs, masked in parts
        for result in collect_results(judge_split(pairs, masked, split, fitted, rankers, size, how.measure))
    ]


def tune(split: PublishedSplit, config: Config, how: Evaluation, trials: int) -> Config:
    """The best on validation of the configuration given and others proposed; test is not read.

    Raises:
        TrainingDataError: no configuration could be judged.
    """
    changes = {"k": min(how.measure.ks), "metric": TUNED_BY, "trials": trials}
    tuning, given = config.tuning.model_copy(update=changes), Candidate(config.als, config.feedback)
    truth, judge = fit_validation_judge(split, given, tuning, config.baselines.max_profile, how.measure)
    space = dimensions(tuning, [given], with_feedback=False)
    shares = shares_of(tuning, len(truth.user_ix))
    search = Search(space, [Start(CONFIGURED, values_of(given, space))], shares, tuning.factor, tuning.seed)
    study = open_study(None, "evaluate_split", tuning.factor)
    for ended in islice(go_on(study, search, judge), trials):
        say(progress(ended, ended_trials(study), tuning))
    best = best_of(ended_trials(study))
    if best is None:
        raise TrainingDataError("--tune: no configuration could be judged; the lines above say why.")
    return config.model_copy(update={"als": with_values(given, best.values).als})


def read_split(spark: SparkSession, options: argparse.Namespace) -> PublishedSplit:
    """The files as frames of integers, kept; lines without a user and an item are named and left out."""
    pairs = [read_pairs(spark, path, options.strength) for path in (options.train, options.validation, options.test)]
    candidates = None
    if options.candidates:
        lines, separator = read_lines(spark, options.candidates)
        candidates = parse_candidates(lines, separator)
    split = index_split(pairs[0], pairs[1], pairs[2], candidates)
    kept = {name: frame.persist() for name, frame in split._asdict().items() if frame is not None}
    counts = [kept[name].count() for name in ("train", "validation", "test", "user_index", "item_index")]
    say("{:,} training, {:,} validation, {:,} test pairs of {:,} users and {:,} items".format(*counts))
    return split._replace(**kept)


def read_pairs(spark: SparkSession, path: str, strength: int | None) -> DataFrame:
    """Pairs of one file.

    Raises:
        TrainingDataError: no line of it holds a pair.
    """
    lines, separator = read_lines(spark, path)
    pairs = parse_pairs(lines, separator, strength)
    is_whole = F.col("user_id").isNotNull() & F.col("item_id").isNotNull() & F.col("strength").isNotNull()
    counts = pairs.agg(F.count_if(is_whole), F.count("*")).collect()[0]
    if not counts[0]:
        raise TrainingDataError(f"{path}: no line holds a user and an item.")
    if broken := counts[1] - counts[0]:
        say(f"{path}: {broken:,} of {counts[1]:,} lines hold no user, item or strength and are left out")
    return pairs.where(is_whole)


def read_lines(spark: SparkSession, path: str) -> tuple[DataFrame, str]:
    """Lines of a text file, and what separates their fields.

    Raises:
        SettingsError: there is no such file, or it is empty.
    """
    if "://" not in path and not Path(path).is_file():
        raise SettingsError(f"{path}: no such file.")
    lines = spark.read.text(path)
    first = lines.where(F.trim("value") != "").first()
    if first is None:
        raise SettingsError(f"{path}: is empty.")
    return lines, separator_of(first["value"])


def collect_results(measured: DataFrame) -> list[Result]:
    """What was measured of all users, in order."""
    names = ["recommender", "split", "metric", "k", "value", "low", "high", "user_count"]
    rows = measured.where("slice = 'all' AND baseline IS NULL").select(names).collect()
    return sorted((row.asDict() for row in rows), key=lambda row: tuple(str(row[name]) for name in names[:4]))


def as_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Results by recommender, with intervals."""
    values = {(r["split"], r["k"], r["metric"], r["recommender"]): r for r in results}
    lines = []
    for split, k in sorted({key[:2] for key in values}):
        names = sorted({key[3] for key in values}, key=lambda name: -values[split, k, TUNED_BY, name]["value"])
        count = values[split, k, TUNED_BY, names[0]]["user_count"]
        lines.append(f"{split}, first {k}, {count:,} users\n  {'':<18}" + "".join(f"{m:>26}" for m in SHOWN))
        lines += [
            f"  {name:<18}" + "".join(f"{_with_interval(values[split, k, metric, name]):>26}" for metric in SHOWN)
            for name in names
        ]
    return "\n".join(lines)


def shown_settings(config: Config) -> str:
    """Settings of ALS in one line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in config.als if isinstance(value, int | float))


def _with_interval(result: Mapping[str, Any]) -> str:
    if result["value"] is None:
        return "-"
    if result["low"] is None:
        return f"{result['value']:.4f}"
    return f"{result['value']:.4f} ({result['low']:.4f}-{result['high']:.4f})"


def parse() -> argparse.Namespace:
    """The command line."""
    parser = settings_parser("evaluate_split", __doc__ or "")
    for name, meaning in (("train", "what is learned from"), ("validation", "what is tuned on"), ("test", "the rest")):
        parser.add_argument(f"--{name}", metavar="FILE", required=True, help=f"pairs: {meaning}")
    parser.add_argument("--candidates", metavar="FILE", help="a user, then the items to rank, on each line")
    parser.add_argument(
        "--mask", choices=("train", "known"), default="train", help="not listed: training pairs; known: for the test "
        "also validation pairs; default: %(default)s"
    )  # fmt: skip
    parser.add_argument("--k", type=_lengths, default=(10, 20), metavar="K,K", help="lengths of the list; 10,20")
    parser.add_argument("--strength", type=int, metavar="N", help="field N, from 1, is the strength; default: 1 a pair")
    parser.add_argument("--tune", type=int, default=0, metavar="N", help="try N settings on validation first")
    parser.add_argument(
        "--result-json", metavar="FILE", type=writable_file, help="write all results to this file, as a list"
    )
    return parser.parse_args()


def _lengths(text: str) -> tuple[int, ...]:
    try:
        lengths = tuple(int(part) for part in text.split(","))
    except ValueError:
        lengths = (0,)
    if min(lengths) < 1 or max(lengths) > 1000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of lengths such as 10,20, of 1..1000")
    return lengths


if __name__ == "__main__":
    sys.exit(main())
