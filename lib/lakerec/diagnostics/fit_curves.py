"""diagnostics.fit_curves: how a fit goes on, and whether it ends too early, too late, or where it should.

The loss on what is learned from always falls. What counts is what happens meanwhile on the validation window: the
error on pairs that were held out, and NDCG, which is what lists are made for and so decides where it tells anything.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field, field_validator
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write
from lakerec.diagnostics.list_metrics import Floats
from lakerec.diagnostics.user_metrics import Means

FIT_CURVES = Table(
    name="diagnostics.fit_curves",
    comment="One row per (model, iteration) of fits with the model's settings; the last one has the verdict.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model whose settings and cut these are."),
        Column("iteration", T.IntegerType(), "Alternations between users and items until then."),
        Column("train_loss", T.DoubleType(), "What ALS minimises, with penalty / users learned from."),
        Column("validation_loss", T.DoubleType(), "Error on held-out cells of the calibrate window; mean over users."),
        Column("validation_low", T.DoubleType(), "Lower end of its 95 % interval; null: fewer than 10 users."),
        Column("validation_high", T.DoubleType(), "Upper end of its 95 % interval; null: fewer than 10 users."),
        Column("ndcg", T.DoubleType(), "NDCG of the first k on the calibrate window; mean over judged users."),
        Column("ndcg_low", T.DoubleType(), "Lower end of its 95 % interval; null: fewer than 10 users."),
        Column("ndcg_high", T.DoubleType(), "Upper end of its 95 % interval; null: fewer than 10 users."),
        Column("k", T.IntegerType(), "Length of the list that is judged; items."),
        Column("user_count", T.LongType(), "Users learned from: all, or a sample where there are many."),
        Column("judged_count", T.LongType(), "Of those, users with something relevant in the window."),
        Column("seconds", T.DoubleType(), "Wall time since the iteration before it; with mllib of a whole fit; s."),
        Column("verdict", T.StringType(), "underfit, overfit, fits, or not told; null but for the last iteration."),
        Column("reason", T.StringType(), "What the verdict rests on."),
    ),
    key=("model_id", "iteration"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)

UNDERFIT, OVERFIT, FITS, NOT_TOLD = "underfit", "overfit", "fits", "not told"


class FitSettings(Settings):
    """Where a fit is looked at, and which change counts."""

    iterations: tuple[int, ...] = Field(min_length=1, description="iterations looked at before the last; ascending")
    max_users: int = Field(ge=10, description="users learned from at most, drawn by a hash; users")
    tolerance: float = Field(ge=0, lt=1, description="smallest change of the validation loss that counts; share, 0..1")

    @field_validator("iterations")
    @classmethod
    def _ascend(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted({*value}) or value[0] < 1:
            raise ValueError("must begin at 1 or later and ascend")
        return value

    def until(self, last: int) -> list[int]:
        """The iterations that a fit of `last` is looked at."""
        return [*[iteration for iteration in self.iterations if iteration < last], last]


class Stages(NamedTuple):
    """A fit at some iterations.

    Attributes:
        iterations: ascending.
        train_loss: (iterations,).
        validation: error by iteration.
        ndcg: by iteration.
    """

    iterations: Sequence[int]
    train_loss: Floats
    validation: Means
    ndcg: Means


def judge_fit(stages: Stages, tolerance: float) -> tuple[str, str]:
    """Verdict and reason.

    Overfit: at the end NDCG is told to be worse than at its best before, or the validation loss to be larger than at
    its smallest by more than the tolerance, while the training loss fell. Underfit: NDCG is told to be better than at
    the iteration looked at before, or the validation loss smaller by more than the tolerance. Where loss and NDCG
    contradict each other NDCG decides. Told means that the paired 95 % interval says so.
    """
    if len(stages.iterations) < 2:
        return NOT_TOLD, "one iteration has nothing to be compared with"
    if not (len(stages.ndcg.replicates) and len(stages.validation.replicates)):
        return NOT_TOLD, f"only {stages.ndcg.user_count} users did something relevant in the window"
    best, least = int(stages.ndcg.value[:-1].argmax()), int(stages.validation.value[:-1].argmin())
    is_lost = _told(stages.ndcg, best, 0.0) == -1
    is_won = _told(stages.ndcg, -2, 0.0) == 1
    rose = _told(stages.validation, least, tolerance) == 1
    fell = _told(stages.validation, -2, tolerance) == -1
    learned = stages.train_loss[-1] < stages.train_loss[:-1].min()
    ndcg, loss = (_line(name, means, stages.iterations) for name, means in _named(stages))
    if learned and is_lost:
        return OVERFIT, f"the training loss falls while NDCG does: {ndcg}"
    if learned and rose and not is_won:
        return OVERFIT, f"the training loss falls while the validation loss rises: {loss}"
    if is_won:
        return UNDERFIT, f"NDCG still rises: {ndcg}"
    if fell and not is_lost:
        return UNDERFIT, f"the validation loss still falls: {loss}"
    return FITS, f"neither changes any more: {ndcg}; {loss}"


def _told(means: Means, other: int, tolerance: float) -> int:
    """Whether the last column is told to be above (1) or below (-1) another by more than a share of it; else 0."""
    margin = tolerance * abs(means.value[other])
    low, high = means.interval(means.replicates[:, -1] - means.replicates[:, other])
    assert low is not None
    assert high is not None
    return 1 if low > margin else -1 if high < -margin else 0


def _named(stages: Stages) -> tuple[tuple[str, Means], tuple[str, Means]]:
    return ("NDCG", stages.ndcg), ("validation loss", stages.validation)


def _line(name: str, means: Means, iterations: Sequence[int]) -> str:
    values = [f"{value:.4g} at {iteration}" for iteration, value in zip(iterations, means.value, strict=True)]
    return f"{name} {', '.join(values)}" if np.isfinite(means.value).all() else f"{name} unknown"
