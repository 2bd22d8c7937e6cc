"""What an evaluation rests on: the lists of a model and of its baselines, what came of them, and who is judged."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakerec.diagnostics.calibrations import Candidates
from lakerec.diagnostics.evidence import (
    EvaluatedModel,
    Happened,
    discovered_pairs,
    fit_baselines,
    fit_candidates,
    fit_catalogue,
    fit_item_facts,
    plan_measurement,
    project_training,
    see_what_happened,
    served_candidates,
)
from lakerec.diagnostics.leaks import Knowledge, require_no_leaks, spanning_pairs
from lakerec.diagnostics.list_blocks import Maker, Plan
from lakerec.diagnostics.lists import Baselines, RankedUsers, make_lists
from lakerec.diagnostics.newcomers import (
    draw_newcomers,
    find_newcomers,
    fit_newcomer_candidates,
    judge_newcomers,
    label,
    list_for_newcomers,
    list_new_items,
)
from lakerec.diagnostics.rankings import (
    TEST,
    Population,
    RankingSettings,
    draw_users,
    history_bands,
    judge_by,
    judged_lists,
    judged_rankings,
    label_lists,
    with_history,
)
from lakerec.diagnostics.rungs import FOLD_IN, ITEM_ATTRIBUTES, SESSION
from lakerec.diagnostics.visitors import find_visitors
from lakerec.kept import Keep
from lakerec.model.described_items import Sides
from lakerec.model.fold_in import Space, Weights
from lakerec.model.item_knn import BaselineSettings, liked_items
from lakerec.model.scorer import Ints, with_masked


class Log(NamedTuple):
    """What is known of everybody and everything: the tables of these names."""

    daily_interactions: DataFrame
    user_index: DataFrame
    item_index: DataFrame
    items: DataFrame
    sessions: DataFrame
    events: DataFrame


class EvaluationSettings(NamedTuple):
    """What shapes an evaluation; `mask_actions` as in recommendations: by them an item becomes known to a user."""

    ranking: RankingSettings
    baselines: BaselineSettings
    mask_actions: tuple[str, ...]


class Evidence(NamedTuple):
    """Lists and what came of them.

    Attributes:
        labelled: see `rankings.label_lists`.
        rungs: lists of fold_in, session and item_attributes, in the same form, each with its population.
        drawn: whom the other lists are for.
        happened: see `evidence.Happened`.
        discovered: see `evidence.discovered_pairs`.
        plan: how the lists are measured.
    """

    labelled: DataFrame
    rungs: dict[str, tuple[DataFrame, Population]]
    drawn: Population
    happened: Happened
    discovered: DataFrame
    plan: Plan

    @property
    def populations(self) -> tuple[Population, ...]:
        """Who is judged: those drawn, then those of each rung."""
        return (self.drawn, *(population for _, population in self.rungs.values()))

    @property
    def rankings(self) -> DataFrame:
        """The rows of diagnostics.rankings without model_id."""
        of_rungs = [judged_lists(lists, population) for lists, population in self.rungs.values()]
        return reduce(DataFrame.unionByName, of_rungs, judged_rankings(self.labelled, self.drawn))

    def fit_histories(self) -> dict[str, Ints]:
        """Bring to the driver who of the known users has how much history: user_ix by band."""
        table = self.drawn.users.where("is_known").select("user_ix", "history").toArrow()
        user_ix, history = table["user_ix"].to_numpy(), table["history"].to_numpy()
        return {band: user_ix[history == band] for band in np.unique(history)}

    def fit_candidates(self) -> dict[tuple[str, str], Candidates]:
        """Bring what calibrations are fitted on to the driver, by (recommender, split); see `evidence`."""
        found = fit_candidates(served_candidates(self.labelled, self.happened.active, self.discovered))
        for name in (FOLD_IN, SESSION):
            found |= fit_newcomer_candidates(name, self.rungs[name][0])
        return found


def gather_evidence(
    log: Log, model: EvaluatedModel, settings: EvaluationSettings, others: Sequence[str], keep: Keep
) -> Evidence:
    """Rank for the drawn users, and hold the lists against what happened.

    Args:
        others: ids of the models of the same cut that it is compared with.

    Raises:
        LeakError: the model saw what it is judged on.
    """
    daily, index, ranking = log.daily_interactions, log.item_index, settings.ranking
    indexes = log.user_index, index
    spanning = keep(spanning_pairs(log.sessions, log.events, indexes, model.as_of, model.split))
    happened = see_what_happened(daily, spanning, model, settings.mask_actions, keep)
    interactions = keep(project_training(daily, model))
    drawn = draw_users(model.user_factors, happened.active, happened.relevant, ranking)
    users = keep(with_history(with_masked(drawn, happened.masked), history_bands(interactions, ranking)))
    liked = keep(liked_items(interactions, settings.baselines.max_profile))
    catalogue, baselines = fit_catalogue(model, interactions, index), _baselines(log, liked, model, settings)
    lists = make_lists(RankedUsers(users, model.user_factors, liked), catalogue, baselines, ranking)
    labelled = keep(label_lists(lists, happened.relevant))
    require_no_leaks(_knowledge(log, model, happened, interactions, spanning, labelled))
    facts = fit_item_facts(model, interactions, index, log.items, catalogue, ranking)
    return Evidence(
        labelled=labelled,
        rungs={},
        drawn=judge_by(users.select("user_ix", "is_known", "history"), happened.relevant),
        happened=happened,
        discovered=discovered_pairs(daily, model, settings.mask_actions),
        plan=plan_measurement(facts, baselines, others, ranking),
    )


def with_rungs(
    evidence: Evidence,
    log: Log,
    model: EvaluatedModel,
    sides: Sides,
    weights: Weights,
    settings: EvaluationSettings,
    keep: Keep,
) -> Evidence:
    """The rungs fold_in, session and item_attributes beside the others, each judged on users of its own.

    Args:
        sides: the model's items and the new ones.
        weights: the model's, for folding in.
    """
    relevant, space, n = evidence.happened.relevant, Space(sides.model, weights), settings.ranking.top_n
    newcomers = find_newcomers(log.daily_interactions, model, keep)
    visitors = find_visitors(log.events, (log.user_index, log.item_index), model, keep)
    visited = keep(visitors.relevant)
    rungs: dict[str, tuple[DataFrame, Population]] = {}
    for name, strangers, wanted in ((FOLD_IN, newcomers, relevant), (SESSION, visitors.strangers, visited)):
        drawn = draw_newcomers(strangers, settings.ranking, keep)
        lists = list_for_newcomers(name, drawn, model, space, settings.mask_actions, n)
        rungs[name] = (keep(label(lists, wanted)), judge_newcomers(drawn, wanted, keep))
    if len(sides.new.item_ix):
        lists, buyers = list_new_items(evidence.drawn.users, model, sides.new, relevant, n)
        rungs[ITEM_ATTRIBUTES] = (keep(label_lists(lists, relevant)), buyers)
    makers = [Maker(name, population=nth) for nth, name in enumerate(rungs, start=1)]
    return evidence._replace(rungs=rungs, plan=replace(evidence.plan, makers=(*evidence.plan.makers, *makers)))


def _baselines(log: Log, liked: DataFrame, model: EvaluatedModel, settings: EvaluationSettings) -> Baselines:
    fitted = fit_baselines(log.daily_interactions, liked, log.item_index, model, settings.baselines)
    liked_by = {action for action, weight in model.feedback.weights.items() if weight > 0}
    return fitted._replace(is_repeat_listed=not liked_by <= set(settings.mask_actions))


def _knowledge(
    log: Log,
    model: EvaluatedModel,
    happened: Happened,
    interactions: DataFrame,
    spanning: DataFrame,
    labelled: DataFrame,
) -> Knowledge:
    return Knowledge(
        as_of=model.as_of,
        split=model.split,
        learned=interactions,
        user_factors=model.user_factors.select("user_ix"),
        item_factors=model.item_factors.select("item_ix"),
        masked=happened.masked,
        relevant=happened.relevant,
        lists=labelled.where(F.col("split") == TEST).select("recommender", "user_ix", "item_ix", "score"),
        daily=log.daily_interactions,
        item_index=log.item_index,
        spanning=spanning,
    )
