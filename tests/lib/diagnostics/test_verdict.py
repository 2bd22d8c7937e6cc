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


def test_a_model_that_wins_is_told_in_purchases_and_newcomers_are_not_forgotten():
    text = verdict([*metrics("als", 0.062, 0.4, 1000), *POPULARITY, *NEWCOMERS], k=10)

    assert text == (
        "finds 3.1× as many later purchases as bestsellers do: 620 against 200 "
        "(first 10 of 1,000 customers who bought); "
        "poor for newcomers, who get bestsellers: 8% of 50 newcomers find something they bought, against 40%"
    )


def test_a_model_that_loses_is_said_to_lose():
    text = verdict([*metrics("als", 0.01, 0.05, 1000), *POPULARITY, *NEWCOMERS], k=10)

    assert text.startswith("loses to bestsellers: finds only 0.5× as many later purchases, 100 against 200")
    assert "newcomers, who get bestsellers, fare no worse: 8% of 50" in text


def test_a_difference_within_five_percent_is_no_victory():
    text = verdict([*metrics("als", 0.0208, 0.2, 1000), *POPULARITY], k=10)

    assert text.startswith("finds about as many later purchases as bestsellers do: 208 against 200")
    assert text.endswith("no newcomer bought, so nothing is known about newcomers")


def test_bestsellers_that_find_nothing_make_no_ratio():
    nothing = metrics("popularity", 0.0, 0.0, 1000)

    assert verdict([*metrics("als", 0.0012, 0.1, 1000), *nothing], k=10).startswith(
        "finds 12 later purchases where bestsellers find none"
    )
    assert verdict([*metrics("als", 0.0, 0.0, 1000), *nothing], k=10).startswith(
        "finds no later purchase, nor do bestsellers"
    )


def test_only_the_test_window_and_the_asked_length_count():
    other = [*metrics("als", 0.9, 0.9, 1000, split="validation"), *metrics("als", 0.9, 0.9, 1000, k=5)]

    text = verdict([*other, *metrics("als", 0.04, 0.4, 1000), *POPULARITY], k=10)

    assert text.startswith("finds 2.0×")


def test_where_nobody_could_be_judged_the_verdict_says_so():
    assert verdict([], k=10) == "cannot be judged: no known customer bought anything new in the test window"
