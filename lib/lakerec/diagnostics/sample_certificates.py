"""diagnostics.sample_certificates: whether a sample stands for the lake that it was drawn of, dimension by dimension.

The table lies in the sample itself. Distributions are those of customers who are no bots; metrics are NDCG on the
validation window, with the customers who are in both weighed alike in each bootstrap replicate.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write
from lakerec.diagnostics.rankings import RankingSettings
from lakerec.diagnostics.sample_profiles import Profile, distance, distance_by_chance
from lakerec.diagnostics.summaries import NOT_TOLD_APART, judge
from lakerec.diagnostics.user_metrics import Means, UserMetric, mean_over_users

SAMPLE_CERTIFICATES = Table(
    name="diagnostics.sample_certificates",
    comment="One row per dimension in which a sample was held against its whole, and one, `all`, for the verdict.",
    columns=(
        Column("dimension", T.StringType(), "What is compared: a distribution, a metric of a model, or all.", False),
        Column("distance", T.DoubleType(), "Total variation between the distributions; 0..1; null for metrics."),
        Column("chance", T.DoubleType(), "Distance that 19 of 20 random draws of as many customers stay below."),
        Column("maximum", T.DoubleType(), "Largest distance that passes; sample.max_distance."),
        Column("full_value", T.DoubleType(), "Metric in the whole lake; mean over users."),
        Column("full_low", T.DoubleType(), "Lower end of its 95 % interval."),
        Column("full_high", T.DoubleType(), "Upper end of its 95 % interval."),
        Column("sample_value", T.DoubleType(), "Metric in the sample; mean over users."),
        Column("sample_low", T.DoubleType(), "Lower end of its 95 % interval."),
        Column("sample_high", T.DoubleType(), "Upper end of its 95 % interval."),
        Column("is_met", T.BooleanType(), "Whether the sample passes; of a metric: the two are not told apart."),
        Column("verdict", T.StringType(), "The same in words."),
        Column("settings", T.StringType(), "How it was drawn: method, share, seed; JSON object with sorted keys."),
        Column("source_versions", T.StringType(), "Delta versions that it was drawn of; JSON object with sorted keys."),
    ),
    key=("dimension",),
    write=Write.REPLACE,
)

ALL = "all"


class Finding(NamedTuple):
    """A row, but for how the sample was drawn."""

    dimension: str
    distance: float | None
    chance: float | None
    maximum: float | None
    full: tuple[float | None, float | None, float | None]
    sample: tuple[float | None, float | None, float | None]
    is_met: bool
    verdict: str

    def as_row(self) -> tuple[object, ...]:
        """Values in the table's column order."""
        far = (self.dimension, self.distance, self.chance, self.maximum)
        return (*far, *self.full, *self.sample, self.is_met, self.verdict)


NONE = (None, None, None)


def compare_distributions(
    whole: Mapping[str, Profile], sample: Mapping[str, Profile], user_share: float, seed: int, maximum: float
) -> list[Finding]:
    """A finding for each dimension that the lake has anything in.

    Args:
        user_share: customers of the sample / customers of the whole; for what chance would do.
    """
    found = []
    for dimension, profile in whole.items():
        if not profile.counts.any():
            continue
        far, chance = distance(profile, sample[dimension]), distance_by_chance(profile, user_share, seed)
        verdict = "close" if far <= maximum else "too far" if far > chance else "too far, as any so small a sample"
        found.append(Finding(dimension, far, chance, maximum, NONE, NONE, far <= maximum, verdict))
    return found


def compare_metric(name: str, whole: UserMetric, sample: UserMetric, settings: RankingSettings) -> Finding:
    """Whether a metric in the sample can be told apart from the metric in the whole."""
    one, other = (mean_over_users(each.user_ix, each.values[:, None], settings) for each in (whole, sample))
    if not (len(one.replicates) and len(other.replicates)):
        verdict = f"too few customers to tell: {other.user_count}"
        return Finding(name, None, None, None, _told(one), _told(other), False, verdict)
    low, high = other.interval(other.replicates[:, 0] - one.replicates[:, 0])
    told = judge(low or 0.0, high or 0.0)
    verdict = told if told == NOT_TOLD_APART else f"{told} in the sample"
    return Finding(name, None, None, None, _told(one), _told(other), told == NOT_TOLD_APART, verdict)


def conclude(findings: Iterable[Finding]) -> Finding:
    """The row `all`: the sample stands for the whole if it does in every dimension."""
    misses = [f"{each.dimension} ({each.verdict})" for each in findings if not each.is_met]
    verdict = f"does not stand for the whole: {', '.join(misses)}" if misses else "stands for the whole"
    return Finding(ALL, None, None, None, NONE, NONE, not misses, verdict)


def _told(means: Means) -> tuple[float | None, float | None, float | None]:
    if not means.user_count:
        return NONE
    return (float(means.value[0]), *means.interval(means.replicates[:, 0]))
