"""The one sentence that a newcomer to the numbers reads first."""

from lakerec.diagnostics.verdict import verdict


def metrics(recommender, precision, hit_rate, user_count, part="all", split="test", k=10):
    common = {"recommender": recommender, "slice": part, "split": split, "k": k, "user_count": user_count}
    return [
        {**common, "metric": "precision", "value": precision},
        {**common, "metric": "hit_rate", "value": hit_rate},
        {**common, "metric": "novelty", "value": None},
    ]


POPULARITY = metrics("popularity", 0.02, 0.15, 1000)  # 0.02 * 10 * 1000 = 200 purchases
NEWCOMERS = metrics("ladder", 0.01, 0.08, 50, part="history=new")


def against(low, high, word, k=10):
    """The paired difference in precision at k; 0.001 is 10 purchases of a list of 10 for 1,000 customers."""
    names = {"recommender": "als", "baseline": "popularity", "split": "test", "slice": "all", "metric": "precision"}
    return [
        {**names, "k": 5, "low": 1, "high": 1, "verdict": "better"},
        {**names, "k": k, "low": low, "high": high, "verdict": word},
    ]


def test_a_model_that_wins_is_told_in_purchases_with_an_interval_and_newcomers_are_not_forgotten():
    differences = against(0.038, 0.046, "better")

    text = verdict([*metrics("als", 0.062, 0.4, 1000), *POPULARITY, *NEWCOMERS], differences, k=10)

    assert text == (
        "beats bestsellers: finds 3.1× as many later purchases, 620 against 200, a difference of +380 to +460 at 95 % "
        "(first 10 of 1,000 customers who bought); "
        "poor for newcomers, who get bestsellers: 8% of 50 newcomers find something they bought, against 40%"
    )


def test_a_model_that_loses_is_said_to_lose():
    differences = against(-0.012, -0.008, "worse")

    text = verdict([*metrics("als", 0.01, 0.05, 1000), *POPULARITY, *NEWCOMERS], differences, k=10)

    assert text.startswith(
        "loses to bestsellers: finds only 0.5× as many later purchases, 100 against 200, a difference"
    )
    assert "newcomers, who get bestsellers, fare no worse: 8% of 50" in text


def test_a_difference_that_may_be_chance_is_no_victory():
    text = verdict([*metrics("als", 0.025, 0.2, 1000), *POPULARITY], against(-0.001, 0.011, "not told apart"), k=10)

    assert text.startswith(
        "does not beat bestsellers: the later purchases found do not tell them apart, 250 against 200, "
        "a difference of -10 to +110 at 95 %"
    )
    assert text.endswith("no newcomer bought, so nothing is known about newcomers")


def test_bestsellers_that_find_nothing_make_no_ratio():
    nothing = metrics("popularity", 0.0, 0.0, 1000)

    found = verdict([*metrics("als", 0.0012, 0.1, 1000), *nothing], against(0.0008, 0.0016, "better"), k=10)

    assert found.startswith("beats bestsellers: finds more later purchases, 12 against 0, a difference of +8 to +16")
    assert verdict([*metrics("als", 0.0, 0.0, 1000), *nothing], against(0, 0, "not told apart"), k=10).startswith(
        "finds no later purchase, nor do bestsellers"
    )


def test_too_few_customers_are_said_to_be_too_few():
    text = verdict([*metrics("als", 0.1, 0.5, 2), *metrics("popularity", 0.05, 0.5, 2)], against(None, None, ""), k=10)

    assert text.startswith("finds 2 against 1 later purchases of bestsellers, with too few customers to tell skill")


def test_only_the_test_window_and_the_asked_length_count():
    other = [*metrics("als", 0.9, 0.9, 1000, split="validation"), *metrics("als", 0.9, 0.9, 1000, k=5)]

    text = verdict([*other, *metrics("als", 0.04, 0.4, 1000), *POPULARITY], against(0.01, 0.03, "better"), k=10)

    assert text.startswith("beats bestsellers: finds 2.0×")


def test_where_nobody_could_be_judged_the_verdict_says_so():
    assert verdict([], [], k=10) == "cannot be judged: no known customer bought anything new in the test window"
