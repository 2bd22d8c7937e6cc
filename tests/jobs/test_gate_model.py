"""gate_model on a lake with two models by hand: the verdict is stored, told again, and ends the run where it is bad."""

import math

import pytest
from pyspark.sql import functions as F

from jobs import gate_model
from lakerec.config import load
from lakerec.diagnostics.coefficients import COEFFICIENTS
from lakerec.diagnostics.gate_results import GATE_RESULTS
from lakerec.errors import GateError
from lakerec.model.user_factors import USER_FACTORS
from tests.jobs.trained_lake import CALIBRATE, DAN, TEST_DAY, TRAIN, configuration, fill, put, solved

OF_FACTORS = ("finite_factors", "known_ids", "unique_ids", "own_events", "like_evaluated", "fresh")


def only(*names, **changes):
    """Settings by which nothing but these criteria is looked at."""
    others = load("test", {}).gate.criteria.keys() - {*names}
    off = {f"gate__criteria__{name}__severity": "off" for name in others}
    return off | {f"gate__criteria__{name}": value for name, value in changes.items()}


def verdicts(lake):
    return {row.criterion: (row.value, row.verdict) for row in lake.read(GATE_RESULTS).collect()}


def is_near(expected):
    return pytest.approx(expected, abs=1e-9)


def test_a_model_is_judged_once_and_a_bad_one_ends_every_run_until_it_is_mended(lake):
    fill(lake)
    put(lake, COEFFICIENTS, [("evaluation-1", *[None] * (len(COEFFICIENTS.names) - 1))])  # it was diagnosed
    put(lake, USER_FACTORS, [("serving-1", DAN, [solved(DAN, [TRAIN, CALIBRATE, TEST_DAY])])])
    config = configuration(lake, **only(*OF_FACTORS))

    counts = gate_model.main(lake.spark, config)
    version = lake.version(GATE_RESULTS)
    again = gate_model.main(lake.spark, config)

    assert verdicts(lake) == dict.fromkeys(OF_FACTORS, (is_near(1.0), "met")) | {"fresh": (0.0, "met")}
    assert counts == {"rows_in": 6, "rows_out": 6, "missed": 0}
    assert (set(again.values()), lake.version(GATE_RESULTS)) == ({0}, version)

    factors = lake.read_partition(USER_FACTORS, "serving-1")
    broken = F.when(F.col("user_ix") == 1, F.array(F.lit(math.nan).cast("float"))).otherwise(F.col("factors"))
    lake.replace_partition(USER_FACTORS, "serving-1", factors.withColumn("factors", broken).localCheckpoint())
    reshaped = configuration(lake, **only(*OF_FACTORS, fresh__maximum=2.0))
    with pytest.raises(GateError) as refused:
        gate_model.main(lake.spark, reshaped)
    version = lake.version(GATE_RESULTS)
    with pytest.raises(GateError) as told_again:
        gate_model.main(lake.spark, reshaped)

    lines = str(refused.value).splitlines()
    assert refused.value.exit_code == 4
    assert [line.split(": ")[2] for line in lines] == ["finite_factors", "like_evaluated", "own_events"]
    assert lines[0] == (
        f"gate: model 'serving-1': finite_factors: finite_factor_share is {3 / 4:.4g}; at least 1 is asked "
        "(owner: data scientists)."
    )
    assert (str(told_again.value), lake.version(GATE_RESULTS)) == (str(refused.value), version)
    assert verdicts(lake)["own_events"] == (None, "missed")


def test_a_model_that_was_never_diagnosed_is_told_so(lake):
    fill(lake)

    with pytest.raises(GateError, match=r"coverage@10 of als \(test, all\) was not measured. Run diagnose_model"):
        gate_model.main(lake.spark, configuration(lake, **only("coverage")))
