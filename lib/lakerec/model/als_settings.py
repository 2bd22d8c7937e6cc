"""Settings of ALS, the same for both solvers."""

from typing import Literal, Self

from pydantic import Field, model_validator

from lakerec.contract import Settings
from lakerec.errors import TrainingDataError


class AlsSettings(Settings):
    """Settings of ALS, in MLlib's words. All are part of a model's identity: they shape its factors."""

    solver: Literal["mllib", "cg"] = Field(description="mllib: Spark MLlib's ALS; cg: ours, by conjugate gradient")
    rank: int = Field(ge=1, le=1024, description="length of a factor vector")
    max_iter: int = Field(ge=1, le=1000, description="alternations between users and items")
    reg_param: float = Field(
        gt=0, description="weight of the penalty on a row's factors, per positive strength of the row"
    )
    alpha: float = Field(gt=0, description="confidence gained per unit of strength")
    seed: int = Field(description="seed of the first factors")
    user_blocks: int = Field(ge=1, description="parts that users are divided into; one task each")
    item_blocks: int = Field(ge=1, description="parts that items are divided into; one task each")
    checkpoint_interval: int = Field(ge=1, le=15, description="iterations between checkpoints of the factors")
    cg_steps: int = Field(ge=1, le=100, description="solver cg: steps of the conjugate gradient per row and half-step")
    cg_broadcast_bytes: int = Field(
        ge=1, le=1_900_000_000, description="solver cg: most that one side's factors may take; beyond it mllib solves"
    )
    warm_start: bool = Field(description="solver cg: begin with the item factors of the model trained before")

    @model_validator(mode="after")
    def _warm_start_needs_cg(self) -> Self:
        if self.warm_start and self.solver != "cg":
            raise ValueError("warm_start needs als.solver cg: MLlib cannot begin with earlier factors")
        return self


def unsolvable(settings: AlsSettings) -> TrainingDataError:
    """The error of a fit whose equations have no solution that float32 can hold."""
    return TrainingDataError(
        f"ALS: its equations cannot be solved with als.rank {settings.rank}, als.reg_param {settings.reg_param} "
        f"and als.alpha {settings.alpha}: strengths are too large, or the penalty is too small. "
        "Raise als.reg_param or lower als.alpha."
    )
