"""Reading an evaluation model and what came after it."""

from datetime import date

from lakerec.config import load
from lakerec.evaluated import read_als, read_happened, read_model
from lakerec.gold.daily_interactions import DAILY_INTERACTIONS
from lakerec.kept import kept_frames
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import EVALUATION, RUNS, newest_run
from tests.jobs.trained_lake import ANN, BEN, CAT, SETTINGS, fill


def test_a_stored_model_is_read_with_its_settings_and_what_followed_it(lake: Lakehouse) -> None:
    fill(lake)
    trained = newest_run(lake.rows(RUNS), EVALUATION)

    model = read_model(lake, trained)
    als = read_als(lake, trained, load("test", {"als.solver": "cg", "als.warm_start": True}).als)
    with kept_frames(lake.root) as keep:
        happened = read_happened(lake, model, lake.read(DAILY_INTERACTIONS), ["view", "purchase"], keep)
        relevant = happened.relevant.where("split = 'validation'").select("user_ix", "item_ix")
        bought = {tuple(row) for row in relevant.collect()}

    assert model.as_of.date() == date(2026, 3, 10)
    assert {row.user_ix for row in model.user_factors.collect()} == {ANN, BEN, CAT}
    assert (als.rank, als.alpha, als.solver, als.warm_start) == (1, SETTINGS["als"]["alpha"], "cg", False)
    assert bought == {(ANN, 1), (BEN, 0)}
