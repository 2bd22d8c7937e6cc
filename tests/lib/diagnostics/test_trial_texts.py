"""What a search says."""

from lakerec.diagnostics.trial_texts import progress, remarks, shown, shown_difference
from lakerec.diagnostics.trials import Judged, best_of
from tests.lib.diagnostics.test_trials import TUNING, a_trial

TEN = TUNING.model_copy(update={"metric": "ndcg", "k": 10, "trials": 6})


def test_progress_says_what_was_found_and_what_is_left():
    first, second = a_trial(0, 0.2), a_trial(1, 0.3, "pruned", share=1 / 3)

    line = progress(second, [first, second], TEN)

    assert line == (
        "trial 1 (2 of 6), proposed, pruned: ndcg@10 0.3000 (0.2000 to 0.4000) of 33% of users, 2 s, rank 8"
        "; best: trial 0, 0.2000; about 0 min left"
    )


def test_a_failed_trial_says_why():
    failed = a_trial(0, None, "failed", reason="diverged")

    assert "failed: diverged, 2 s" in progress(failed, [failed], TEN)


def test_the_end_says_what_the_best_is_worth_beside_what_was_given_and_what_learned_weights_are():
    best, learned = a_trial(2, 0.9), a_trial(1, 0.45)._replace(origin="learned_weights")

    lines = remarks("s", [learned, best], best_of([learned, best]), TEN)

    assert lines[0] == "Trial 2, the best of 2 in study s."
    assert lines[1] == "On the calibrate window: ndcg@10 0.9000 (0.8000 to 1.0000), 90 users."
    assert lines[2] == "Than as configured: +0.4000 (+0.3000 to +0.5000), better."
    assert lines[3].startswith(
        "Learned action weights alone, than as configured: -0.0500 (-0.1500 to +0.0500), not told"
    )
    assert "diagnose_model" in lines[-1]


def test_too_few_users_are_named():
    few = Judged(0.5, None, None, 0.1, None, None, 3)

    assert shown(few, TEN) == "ndcg@10 0.5000"
    assert shown_difference(few) == "+0.1000, too few users to tell"
