"""Whom an evaluation judges, and by which lists; tests/jobs/test_diagnose_model.py works the whole of it by hand."""

from lakerec.diagnostics.evidence import Happened
from lakerec.diagnostics.gathering import Evidence
from lakerec.diagnostics.rankings import Population

LISTS = "recommender string, is_newcomer boolean, split string, user_ix int, rank int, item_ix int, score double"
USERS = "user_ix int, is_known boolean, history string"
RELEVANT = "split string, user_ix int, item_ix int"


def test_each_rung_is_judged_on_users_of_its_own(spark):
    def lists(*rows):
        return spark.createDataFrame([(*row, False) for row in rows], f"{LISTS}, is_relevant boolean")

    def population(user_ix):
        users = spark.createDataFrame([(user_ix, True, "new")], USERS)
        return Population(users, spark.createDataFrame([("test", user_ix, 9)], RELEVANT))

    nothing = spark.createDataFrame([], RELEVANT)
    evidence = Evidence(
        labelled=lists(("als", False, "test", 1, 1, 5, 0.5), ("als", False, "test", 2, 1, 5, 0.5)),
        rungs={"fold_in": (lists(*[("fold_in", False, "test", user, 1, 6, 0.4) for user in (1, 2)]), population(2))},
        drawn=population(1),
        happened=Happened(nothing, nothing, nothing),
        discovered=nothing,
        plan=None,
    )

    rankings = evidence.rankings.select("recommender", "user_ix", "item_ix").collect()

    assert sorted(map(tuple, rankings)) == [("als", 1, 5), ("fold_in", 2, 6), ("ladder", 1, 5)]
    assert evidence.populations == (evidence.drawn, evidence.rungs["fold_in"][1])
