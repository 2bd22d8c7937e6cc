"""Whether a sample stands for its whole."""

import numpy as np

from lakerec.config import load
from lakerec.diagnostics.sample_certificates import compare_distributions, compare_metric, conclude
from lakerec.diagnostics.sample_profiles import BLOCKS, Profile
from lakerec.diagnostics.user_metrics import UserMetric

RANKING = load("test", {"ranking.replicates": 100}).ranking


def even(*shares: float, size: int = 100) -> Profile:
    return Profile([str(n) for n in range(len(shares))], np.tile(np.array(shares) * size, (BLOCKS, 1)))


def random_metric(users: np.ndarray, mean: float) -> UserMetric:
    return UserMetric(users, np.random.default_rng(7).random(len(users)) * 2 * mean)


def test_a_dimension_passes_within_the_maximum_and_an_empty_one_is_not_asked() -> None:
    whole = {"action": even(0.5, 0.5), "day": even(0.5, 0.5), "source": Profile([], np.zeros((BLOCKS, 0)))}
    sample = {"action": even(0.55, 0.45), "day": even(0.8, 0.2), "source": whole["source"]}

    action, day = compare_distributions(whole, sample, user_share=0.1, seed=7, maximum=0.1)

    assert (action.dimension, action.is_met, action.verdict) == ("action", True, "close")
    assert (day.dimension, day.is_met, day.verdict) == ("day", False, "too far")
    assert round(day.distance, 9) == 0.3


def test_a_distance_that_chance_brings_about_is_the_samples_size() -> None:
    rng = np.random.default_rng(7)
    rough = Profile(["0", "1"], rng.choice([[30.0, 0.0], [0.0, 30.0]], size=BLOCKS))

    found = compare_distributions({"day": rough}, {"day": even(0.7, 0.3)}, user_share=0.01, seed=7, maximum=0.1)

    assert (found[0].is_met, found[0].verdict) == (False, "too far, as any so small a sample")


def test_a_metric_passes_unless_it_is_told_apart() -> None:
    everybody = random_metric(np.arange(4000), 0.2)
    some = UserMetric(everybody.user_ix[::8], everybody.values[::8])
    worse = UserMetric(some.user_ix, some.values / 2)

    same, told = (compare_metric("ndcg", everybody, sample, RANKING) for sample in (some, worse))

    assert (same.is_met, same.verdict) == (True, "not told apart")
    assert (told.is_met, told.verdict) == (False, "worse in the sample")
    assert told.sample[1] < told.sample[0] < told.sample[2] < told.full[1]


def test_too_few_customers_are_no_proof() -> None:
    found = compare_metric("ndcg", random_metric(np.arange(400), 0.2), random_metric(np.arange(5), 0.2), RANKING)

    assert (found.is_met, found.verdict) == (False, "too few customers to tell: 5")


def test_one_miss_is_enough_and_is_named() -> None:
    whole = {"action": even(0.5, 0.5), "day": even(0.5, 0.5)}
    sample = {"action": even(0.5, 0.5), "day": even(0.9, 0.1)}

    findings = compare_distributions(whole, sample, user_share=0.5, seed=7, maximum=0.1)

    assert conclude(findings[:1]).verdict == "stands for the whole"
    assert conclude(findings).verdict == "does not stand for the whole: day (too far)"
    assert not conclude(findings).is_met
