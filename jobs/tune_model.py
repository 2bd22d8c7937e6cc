"""gold.daily_interactions -> diagnostics.trials, a file of settings, MLflow: search the settings that find most.

Models that learn before the cut are judged on the calibrate window, on samples of users first. The test window is never
read. A search that was ended goes on where it was; `train_model --settings FILE` takes what it found.
"""

import time
from collections.abc import Sequence
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakerec.config import Config
from lakerec.diagnostics.leaks import spanning_pairs
from lakerec.diagnostics.rankings import VALIDATION
from lakerec.diagnostics.search_space import Candidate, as_toml, clipped, dimensions, values_of
from lakerec.diagnostics.study import Search, Start, ended_trials, go_on, open_study, shares_of
from lakerec.diagnostics.trial_texts import progress, remarks
from lakerec.diagnostics.trials import CONFIGURED, LEARNED_WEIGHTS, TRIALS, Ended, best_of, trial_row
from lakerec.diagnostics.validation import Resampling, Seen, before_test, collect_truth, fit_judge, rank_for_judged
from lakerec.errors import SettingsError, TrainingDataError
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.gold.item_index import ITEM_INDEX
from lakerec.gold.user_index import USER_INDEX
from lakerec.kept import Keep, kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.model.action_weights import fit_action_weights
from lakerec.model.runs import model_id
from lakerec.model.scorer import with_masked
from lakerec.model.split import last_moment, pairs_with, relevant_pairs, until, windows
from lakerec.runner import run, say
from lakerec.silver.events import EVENTS
from lakerec.silver.sessions import SESSIONS
from lakerec.tracking import Store, TrackedFit, find_store, track_trial
from lakerec.whole_files import write_whole

GROUP = "data scientists"
LOCK = "_tuning"


class Place(NamedTuple):
    """Where studies are kept, and where the best configuration of one goes."""

    storage: str
    folder: str


def main(spark: SparkSession, config: Config) -> dict[str, int]:
    """Search until the budget is spent; does nothing where earlier runs on the same data have spent it."""
    began = time.perf_counter()
    lake = Lakehouse(spark, config.lake)
    place = find_place(config)
    store = find_store(config.tracking, config.lake.root, spark.conf.get("spark.master") or "")
    with lake.writing(LOCK), kept_frames(lake.root) as keep:
        if config.als.solver == "mllib":
            spark.sparkContext.setCheckpointDir(f"{lake.root}/_checkpoints")
        seen = see(lake, config, keep)
        search = plan(seen, config)
        study_id = identify(lake, config, seen, search)
        study = open_study(place.storage, study_id, search.factor)
        ledger = Ledger(lake, study_id, config, store)
        told = ledger.tell(ended_trials(study))
        resampling = Resampling(config.ranking.replicates, config.ranking.seed)
        rank = partial(rank_for_judged, seen, n=config.tuning.k, seed=config.tuning.seed)
        trials = go_on(study, search, fit_judge(rank, seen.truth, _given(config), config.tuning, resampling))
        while _has_budget(config, ended_trials(study), began):
            ended = next(trials)
            told += ledger.tell([ended])
            say(progress(ended, ended_trials(study), config.tuning))
        file = Path(config.tuning.settings_file or f"{place.folder}/{study_id}.toml")
        say(conclude(file, study_id, ended_trials(study), config))
    return {"rows_in": len(seen.truth.user_ix) if told else 0, "rows_out": told}


def find_place(config: Config) -> Place:
    """A database of the lake's own, where the lake is a local folder.

    Raises:
        SettingsError: it is not, and no other place is configured.
    """
    tuning, url = config.tuning, urlparse(config.lake.root)
    if tuning.storage and tuning.settings_file:
        return Place(tuning.storage, "")
    if url.scheme not in ("", "file"):
        raise SettingsError(
            f"tuning.storage, tuning.settings_file: one is empty, which needs a local lake ('{config.lake.root}'). "
            "Give optuna's address of a database and a local file."
        )
    folder = Path(url.path).absolute() / LOCK
    folder.mkdir(parents=True, exist_ok=True)
    return Place(tuning.storage or f"sqlite:///{folder}/studies.db", str(folder))


def see(lake: Lakehouse, config: Config, keep: Keep) -> Seen:
    """All that the search looks at; every table of days is cut before the test window begins."""
    as_of = config.as_of_time or lake.newest(EVENTS, "occurred_at")
    if as_of is None:
        raise TrainingDataError("silver.events: holds no event. Run ingest_events and clean_events first.")
    as_of, split = as_of.astimezone(UTC), config.split
    daily, sessions, events = (
        before_test(lake.read(table), as_of, split) for table in (DAILY_INTERACTIONS, SESSIONS, EVENTS)
    )
    index, found = lake.read(ITEM_INDEX), windows(as_of, split)
    train = keep(until(daily, found.train_until))
    masked = keep(pairs_with(train, config.recommend.mask_actions))
    cut = last_moment(found.train_until)
    spanning = spanning_pairs(sessions, events, (lake.read(USER_INDEX), index), cut, split)
    relevant = relevant_pairs(daily, found.calibrate, masked, split).join(
        spanning.where(F.col("split") == VALIDATION), on=["user_ix", "item_ix"], how="left_anti"
    )
    truth = collect_truth(relevant, train, config.ranking.max_users, config.tuning.seed)
    users = lake.spark.createDataFrame([(user,) for user in truth.user_ix.tolist()], "user_ix int")
    return Seen(cut, train, keep(with_masked(users, masked)), index, truth)


def plan(seen: Seen, config: Config) -> Search:
    """What is searched: first the configuration as given, then the same with learned action weights.

    These are put at an end of their range where they are 0, which has no logarithm.
    """
    given, tuning = _given(config), config.tuning
    with_learned = _with_learned_weights(seen, config)
    space = dimensions(tuning, [given, with_learned], with_feedback=True)
    starts = [Start(CONFIGURED, values_of(given, space))]
    learned = clipped(values_of(with_learned, space), space)
    if with_learned != given and learned != starts[0].values:
        starts.append(Start(LEARNED_WEIGHTS, learned))
    return Search(space, starts, shares_of(tuning, len(seen.truth.user_ix)), tuning.factor, tuning.seed)


def identify(lake: Lakehouse, config: Config, seen: Seen, search: Search) -> str:
    """The study's name: it changes with anything that shapes a trial's value, and with no budget."""
    shape = {
        **config.sections("als", "feedback", "split"),
        "tuning": {name: getattr(config.tuning, name) for name in ("metric", "k")},
        "ranking": {name: getattr(config.ranking, name) for name in ("max_users", "replicates", "seed")},
        "search": search._asdict(),
        "mask_actions": list(config.recommend.mask_actions),
    }
    return model_id(VALIDATION, seen.cut, shape, lake.source_versions(DAILY_INTERACTIONS))


def conclude(file: Path, study_id: str, ended: Sequence[Ended], config: Config) -> str:
    """Write the best configuration to the file, and say what it is worth and how to train it.

    Raises:
        TrainingDataError: no trial could be judged.
    """
    best = best_of(ended)
    if best is None:
        reasons = "; ".join(sorted({each.reason for each in ended if each.reason}))
        raise TrainingDataError(f"tune_model: no configuration could be judged ({reasons}).")
    found = remarks(study_id, ended, best, config.tuning)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, as_toml(best.values, found))
    flags = f"--lake {config.lake.root} --settings {file}"
    return "\n".join([*found, f"train it: ./spark-submit.sh train_model {flags}"])


class Ledger:
    """Where the trials of a study are told, each once: diagnostics.trials and MLflow."""

    def __init__(self, lake: Lakehouse, study: str, config: Config, store: Store) -> None:
        self._lake, self._study, self._config, self._store = lake, study, config, store
        rows = lake.read(TRIALS).where(F.col("study") == study).select("trial").collect()
        self._told = {row["trial"] for row in rows}
        self._is_tracking = True

    def tell(self, ended: Sequence[Ended]) -> int:
        """Store those that are not there yet, in one commit; how many."""
        new = [each for each in ended if each.trial not in self._told]
        if new:
            run_id, tuning = self._lake.settings.run_id, self._config.tuning
            rows = [trial_row(self._study, each, tuning, run_id, self._track(each)) for each in new]
            self._lake.append(TRIALS, rows)
            self._told |= {each.trial for each in new}
        return len(new)

    def _track(self, ended: Ended) -> str | None:
        """A server that did not answer once is not asked again by this run."""
        if not self._is_tracking:
            return None
        metrics = {} if ended.judged is None else {k: v for k, v in ended.judged._asdict().items() if v is not None}
        fit = TrackedFit(
            name=f"trial {ended.trial}",
            params={**ended.values, "origin": ended.origin},
            metrics={**metrics, "seconds": ended.seconds, "share": ended.share or 0.0},
            tags={"study": self._study, "state": ended.state},
            started_at=ended.ended_at - timedelta(seconds=ended.seconds),
            ended_at=ended.ended_at,
        )
        run_id = track_trial(self._store, self._study, fit)
        self._is_tracking = run_id is not None
        return run_id


def _with_learned_weights(seen: Seen, config: Config) -> Candidate:
    """The configuration as given where the weights cannot be learned, or not all of them be searched."""
    given, settings = _given(config), config.action_weights
    weighed = {name for name in settings.actions if name in config.feedback.weights} - {settings.unit}
    if fixed := sorted(name for name in weighed if not config.tuning.weights.get(name)):
        say(f"learned action weights are not tried, as tuning.weights has no range of {fixed}")
        return given
    learned = fit_action_weights(seen.train, seen.cut.date(), settings)
    if learned.reason:
        say(f"action weights cannot be learned: {learned.reason}")
    weights = learned.replace_in(config.feedback.weights, settings.unit)
    return given._replace(feedback=config.feedback.model_copy(update={"weights": weights}))


def _given(config: Config) -> Candidate:
    return Candidate(config.als, config.feedback)


def _has_budget(config: Config, ended: Sequence[Ended], began: float) -> bool:
    tuning, minutes = config.tuning, (time.perf_counter() - began) / 60
    is_in_time = not tuning.minutes or minutes < tuning.minutes
    return is_in_time and sum(each.counts for each in ended) < tuning.trials


if __name__ == "__main__":
    run(main)
