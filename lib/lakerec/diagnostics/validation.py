"""What a search may look at, and what a configuration is worth there: the calibrate window and what lies before it.

Nothing here is given a row of the test window: `before_test` is the one way in, and what it leaves out is whole
partitions, so the files of those days are not even opened.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.bootstrap import MINIMUM_USERS, middle, poisson_weights
from lakerec.diagnostics.list_metrics import RELEVANCE, Floats, Ints, JudgedLists
from lakerec.diagnostics.search_space import Candidate, TuningSettings, with_values
from lakerec.diagnostics.trials import Judged
from lakerec.draws import place_of
from lakerec.errors import TrainingDataError
from lakerec.gold.interactions import project_interactions
from lakerec.model.als import fit_als
from lakerec.model.scorer import collect_items, top_n
from lakerec.model.split import SplitSettings, windows

_PAIR = 1 << 32


class Truth(NamedTuple):
    """What was relevant to whom; rows are users, ascending.

    Attributes:
        user_ix: (users,).
        place: where a user lies in 0..1; a sample of a share holds those below it; (users,).
        keys: row · 2^32 + item_ix of each relevant pair, ascending.
        counts: relevant items of each user; (users,).
    """

    user_ix: Ints
    place: Floats
    keys: Ints
    counts: Ints

    def within(self, share: float) -> npt.NDArray[np.bool_]:
        """Which users a sample holds."""
        return self.place < share


Rank = Callable[[Candidate, float], pa.Table]
"""From a configuration and a share of the users to the lists (user_ix, rank, item_ix) of the judged ones among them."""
Judge = Callable[[Mapping[str, float], float], Judged]
"""From values by name of their dimension, and a share of the users, to what they are worth there.

Raises TrainingDataError where nothing can be learned with them, or nobody be judged.
"""


class Resampling(NamedTuple):
    """How sure a mean is found to be: bootstrap replicates and their seed."""

    replicates: int
    seed: int


def before_test(rows: DataFrame, as_of: datetime, split: SplitSettings) -> DataFrame:
    """Rows of days before the test window begins; whoever searches reads a table of days through this alone.

    Args:
        rows: a table with event_date, such as gold.daily_interactions or silver.events.
        as_of: end of the test window; UTC.
    """
    return rows.where(F.col("event_date") < F.lit(first_test_day(as_of, split)))


def first_test_day(as_of: datetime, split: SplitSettings) -> date:
    """The day from which on nothing is read."""
    return windows(as_of, split).test.first


class Seen(NamedTuple):
    """All that a search on a lake looks at.

    Attributes:
        cut: last moment that a model may know; UTC.
        train: gold.daily_interactions up to the cut.
        judged: user_ix and masked array<int> of the truth's users.
        item_index: gold.item_index.
    """

    cut: datetime
    train: DataFrame
    judged: DataFrame
    item_index: DataFrame
    truth: Truth


def rank_for_judged(seen: Seen, candidate: Candidate, share: float, n: int, seed: int) -> pa.Table:
    """The first n of each judged user of a sample, by a model that learned from the sample alone. Acts.

    Returns:
        user_ix, rank, item_ix, score; users to whom the configuration gives no factors have no list.
    """
    is_inside = place_of(seed) < share
    interactions = project_interactions(seen.train.where(is_inside), seen.cut, candidate.feedback)
    fitted = fit_als(interactions, candidate.als)
    users = seen.judged.where(is_inside).join(fitted.user_factors, on="user_ix", how="inner")
    return top_n(users, collect_items(fitted.item_factors, seen.item_index), n).toArrow()


def fit_judge(rank: Rank, truth: Truth, given: Candidate, tuning: TuningSettings, resampling: Resampling) -> Judge:
    """What judges values on a share of the users, beside the configuration as given, fitted once for each sample."""
    references: dict[float, Floats] = {}

    def measure(candidate: Candidate, share: float) -> Floats:
        return by_user(rank(candidate, share), truth, tuning.metric, tuning.k)

    def judge_values(values: Mapping[str, float], share: float) -> Judged:
        if share not in references:
            references[share] = measure(given, share)
        candidate = with_values(given, values)
        found = references[share] if candidate == given else measure(candidate, share)
        return judge(found, references[share], truth, share, resampling)

    return judge_values


def collect_truth(relevant: DataFrame, users: DataFrame, most: int, seed: int) -> Truth:
    """Bring to the driver what is judged by: at most `most` users, the same ones each time; 20 bytes a pair.

    Args:
        relevant: distinct (user_ix, item_ix).
        users: user_ix of those that training knows, whether a configuration gives them factors or not; may repeat.
    """
    wanted = relevant.join(users.select("user_ix").distinct(), on="user_ix", how="left_semi")
    drawn = F.xxhash64(F.lit(seed), "user_ix", F.lit("drawn")).alias("drawn")
    table = wanted.select("user_ix", "item_ix", place_of(seed).alias("place"), drawn).toArrow()
    user_ix, item_ix, places, order = (table[name].to_numpy() for name in ("user_ix", "item_ix", "place", "drawn"))
    return _truth(user_ix, item_ix, places, order, most)


def by_user(lists: pa.Table, truth: Truth, metric: str, k: int) -> Floats:
    """The metric of each user's list; 0 for users without one.

    Args:
        lists: user_ix, rank (from 1), item_ix; of users of the truth alone, or more.
    """
    is_hit = np.zeros((len(truth.user_ix), k), np.bool_)
    user_ix, rank, item_ix = (lists[name].to_numpy().astype(np.int64) for name in ("user_ix", "rank", "item_ix"))
    if len(truth.user_ix) and len(user_ix):
        row = np.minimum(np.searchsorted(truth.user_ix, user_ix), len(truth.user_ix) - 1)
        is_judged = (truth.user_ix[row] == user_ix) & (rank <= k)
        is_relevant = np.isin(row * _PAIR + item_ix, truth.keys)
        is_hit[row[is_judged], rank[is_judged] - 1] = is_relevant[is_judged]
    return RELEVANCE[metric](JudgedLists(is_hit, truth.counts), k)


def judge(values: Floats, reference: Floats, truth: Truth, share: float, resampling: Resampling) -> Judged:
    """Means over the users of a sample, with intervals from replicates that weigh both alike.

    Args:
        values: of each user of the truth, with the configuration that is judged.
        reference: the same with the configuration as given.

    Raises:
        TrainingDataError: the sample holds nobody who can be judged.
    """
    inside = truth.within(share)
    if not inside.any():
        raise TrainingDataError(
            f"validation: nobody of a sample of {share:.0%} of the known users did anything relevant in the window. "
            "Set fewer tuning.samples, or a longer split.calibrate_days."
        )
    weights = poisson_weights(truth.user_ix[inside], resampling.replicates, resampling.seed)
    value, low, high = _mean(values[inside], weights)
    difference, difference_low, difference_high = _mean(values[inside] - reference[inside], weights)
    return Judged(value, low, high, difference, difference_low, difference_high, int(inside.sum()))


def _mean(values: Floats, weights: Floats) -> tuple[float, float | None, float | None]:
    """Mean, and the ends of its interval; null below MINIMUM_USERS."""
    if len(values) < MINIMUM_USERS:
        return float(values.mean()), None, None
    low, high = middle((weights[:, 1:].T @ values / weights[:, 1:].sum(axis=0))[:, np.newaxis])
    return float(values.mean()), float(low[0]), float(high[0])


def _truth(user_ix: Ints, item_ix: Ints, place: Floats, drawn: Ints, most: int) -> Truth:
    users, first = np.unique(user_ix.astype(np.int64), return_index=True)
    chosen = np.sort(np.argsort(drawn[first], kind="stable")[:most])
    users, places = users[chosen], place[first][chosen]
    is_kept = np.isin(user_ix, users)
    row = np.searchsorted(users, user_ix[is_kept])
    keys = np.sort(row * _PAIR + item_ix[is_kept].astype(np.int64))
    return Truth(users, places, keys, np.bincount(row, minlength=len(users)))
