"""What the model that is live would list in the place of a newer one, for the same users and as of the same cut.

Models of one cut are compared by their stored lists. The day after, the cut has moved, and what is live was judged by
other purchases. So it makes its lists anew, as it would serve them: users are folded in from all that is known at the
newer cut.
"""

from datetime import datetime
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.rankings import ALS
from lakerec.gold.interactions import FeedbackSettings, counted_at_latest, project_interactions
from lakerec.model.fold_in import Space, Weights, collect_histories, fold_in
from lakerec.model.runs import Run
from lakerec.model.scorer import collect_items, top_n, with_masked
from lakerec.model.split import until


class Audience(NamedTuple):
    """Whom both models make lists for.

    Attributes:
        users: user_ix, is_known (to the newer model).
        masked: user_ix, item_ix of what is listed no more.
        cut: last moment that the newer model knows; UTC.
    """

    users: DataFrame
    masked: DataFrame
    cut: datetime


def are_comparable(one: Run, other: Run) -> bool:
    """Whether two evaluation models are judged by the same purchases."""
    return one.as_of == other.as_of and one.settings["split"] == other.settings["split"]


def is_rival(champion: Run | None, judged: Run) -> bool:
    """Whether what is live has to make its lists anew, and knows nothing of what they are judged by."""
    return champion is not None and champion.as_of <= judged.as_of and not are_comparable(champion, judged)


def list_in_place(
    rival: Run, item_factors: DataFrame, item_index: DataFrame, daily: DataFrame, audience: Audience, n: int
) -> DataFrame:
    """The lists of the rival, under the name of als.

    Args:
        rival: an evaluation model of an earlier cut.
        item_factors: its own.
        item_index: gold.item_index.
        daily: gold.daily_interactions.

    Returns:
        recommender, is_newcomer, user_ix, rank, item_ix, score.
    """
    items = collect_items(item_factors, item_index)
    known = audience.users.where("is_known").select("user_ix")
    seen = until(daily, audience.cut.date()).join(known, on="user_ix", how="left_semi")
    feedback = FeedbackSettings(**rival.settings["feedback"])
    strengths = project_interactions(counted_at_latest(seen, rival.as_of), rival.as_of, feedback)
    factors = fold_in(collect_histories(strengths), Space(items, Weights.of(rival.settings["als"])))
    lists = top_n(with_masked(factors, audience.masked), items, n)
    named = F.lit(ALS).alias("recommender"), F.lit(False).alias("is_newcomer")
    return lists.select(*named, "user_ix", "rank", "item_ix", "score")
