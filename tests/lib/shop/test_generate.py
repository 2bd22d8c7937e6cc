from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lakerec.errors import SettingsError
from lakerec.shop.generate import generate_shop
from lakerec.shop.settings import ShopSettings
from tests.lib.shop.shops import a_shop, a_tidy_shop, delivered_lines

ALL_SIGNED_IN = {"anonymous_share": 0.0, "late_sign_in_share": 0.0, "next_day_sign_in_share": 0.0}
KNOWN = {"impression", "view", "scroll", "cart", "purchase", "return"}


def generate(folder: Path, settings: ShopSettings) -> dict[str, int]:
    return generate_shop(settings, folder / "landing", folder / "truth", lambda done: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def planted_lines(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth" / "planted_lines")


def verdict(line: bytes) -> str | None:
    """What is wrong with a line, worked out anew; None: an event to believe."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "not JSON" if line.decode("utf-8", "ignore").encode() == line else "not UTF-8"
    if not isinstance(record, dict):
        return "not an object"
    wrong = []
    if record["action"] not in KNOWN:
        wrong.append("is a known action")
    if not record.get("item_id"):
        wrong.append("has an item")
    try:
        datetime.fromisoformat(record["occurred_at"])
    except ValueError:
        wrong.append("has a readable time")
    return " and ".join(wrong) or None


def believed_events(folder: Path) -> list[dict[str, Any]]:
    lines = [line for lines in delivered_lines(folder / "landing").values() for line in lines]
    return [orjson.loads(line) for line in dict.fromkeys(lines) if verdict(line) is None]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        generate(tmp_path / name, a_shop(seed=seed))

    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert contents(tmp_path / "one" / "landing") != contents(tmp_path / "other" / "landing")


def test_files_are_one_an_hour_and_one_catalogue_a_day(tmp_path: Path) -> None:
    counts = generate(tmp_path, a_shop(days=2))

    events = delivered_lines(tmp_path / "landing")
    items = delivered_lines(tmp_path / "landing", "items")
    assert next(iter(items)) == "items/2025-03-03.jsonl.gz"
    assert "events/2025-03-03/20.jsonl.gz" in events
    assert counts["event_lines"] == sum(len(lines) for lines in events.values())
    assert counts["item_lines"] == sum(len(lines) for lines in items.values())
    assert counts["files_written"] == len(events) + len(items)


def test_one_more_day_leaves_the_days_before_as_they_are(tmp_path: Path) -> None:
    generate(tmp_path, a_shop(days=3))
    before = contents(tmp_path)

    counts = generate(tmp_path, a_shop(days=4))

    after = contents(tmp_path)
    changed = {name for name in before if after[name] != before[name]}
    new_days = {name.split("/")[2][:10] for name in after.keys() - before.keys()}
    assert changed == {"truth/settings.json"}
    assert new_days == {"2025-03-06"}
    assert counts["files_kept"] == sum(name.startswith("landing") for name in before)


def test_generating_again_writes_nothing(tmp_path: Path) -> None:
    generate(tmp_path, a_shop())
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "landing").rglob("*.gz")}

    counts = generate(tmp_path, a_shop())

    assert "files_written" not in counts
    assert {file: file.stat().st_mtime_ns for file in files} == files


def test_another_shop_in_the_same_place_is_refused_and_overwrites_nothing(tmp_path: Path) -> None:
    generate(tmp_path, a_shop(seed=1))
    before = contents(tmp_path)

    with pytest.raises(SettingsError, match=r"items/2025-03-03\.jsonl\.gz: holds other lines"):
        generate(tmp_path, a_shop(seed=2))

    assert contents(tmp_path) == before


def test_every_planted_line_is_bad_for_its_one_reason_and_no_other_line_is(tmp_path: Path) -> None:
    generate(tmp_path, a_shop(days=3, user_count=200, item_count=200, events_per_day=3_000))
    truth = planted_lines(tmp_path)
    bad = truth[truth["kind"] != "duplicate"]

    found = {
        (path, number): reason
        for path, lines in delivered_lines(tmp_path / "landing").items()
        for number, line in enumerate(lines, start=1)
        if (reason := verdict(line))
    }

    assert found == {(row.path, row.line_number): row.reason for row in bad.itertuples()}
    assert set(bad["reason"]) == {
        "not JSON", "not UTF-8", "not an object", "is a known action", "has an item", "has a readable time",
    }  # fmt: skip


def test_lines_occur_as_often_as_the_truth_says(tmp_path: Path) -> None:
    generate(tmp_path, a_shop(days=3, user_count=200, item_count=200, events_per_day=3_000))
    truth = planted_lines(tmp_path)
    duplicates = truth[truth["kind"] == "duplicate"]

    lines = [line for lines in delivered_lines(tmp_path / "landing").values() for line in lines]
    ids = Counter(orjson.loads(line)["event_id"] for line in lines if verdict(line) is None)

    assert len(lines) - len(set(lines)) == len(duplicates) > 0
    assert {i: n - 1 for i, n in ids.items() if n > 1} == Counter(duplicates["event_id"])
    assert set(duplicates["reason"]) == {"repeated in its file", "delivered again in a later file"}


def test_late_events_arrive_in_the_file_of_a_later_hour(tmp_path: Path) -> None:
    counts = generate(tmp_path, a_tidy_shop(days=3, late_share=0.2))

    late = 0
    for path, lines in delivered_lines(tmp_path / "landing").items():
        delivered = f"{path[7:17]}T{path[18:20]}"
        hours = [orjson.loads(line)["occurred_at"][:13] for line in lines]
        assert max(hours) <= delivered
        late += sum(hour < delivered for hour in hours)
    assert counts["late_events"] == late > 50


def test_a_session_belongs_to_whoever_signs_in_later(tmp_path: Path) -> None:
    generate(tmp_path, a_tidy_shop(days=4, user_count=200, item_count=200, events_per_day=3_000))
    truth = pd.read_parquet(tmp_path / "truth" / "sessions")
    truth = truth[truth["session_id"] < "s0003"]  # who signs in on the day after the last is not in the log
    sent = defaultdict(list)
    for event in sorted(believed_events(tmp_path), key=lambda e: (e["occurred_at"], e["event_id"])):
        sent[event["session_id"]].append(event.get("user_id"))

    last_sent = {session: sent[session][-1] for session in truth["session_id"]}

    assert last_sent == dict(zip(truth["session_id"], truth["user_id"], strict=True))
    assert set(truth["sign_in"]) == {"at_once", "half_way", "next_day", "never"}
    assert all(set(users) <= {None, users[-1]} for users in sent.values())


def test_items_come_in_the_log_only_once_they_are_in_the_catalogue(tmp_path: Path) -> None:
    generate(tmp_path, a_tidy_shop(days=4, opening_share=0.3, daily_arrival_share=0.2))

    listed = {
        record["item_id"]: record["changed_at"]
        for lines in reversed(delivered_lines(tmp_path / "landing", "items").values())
        for record in map(orjson.loads, lines)
    }

    events = believed_events(tmp_path)
    assert all(listed[event["item_id"]] <= event["occurred_at"] for event in events)
    assert len(set(listed.values())) == 4


def test_episodes_of_a_pair_are_eight_days_apart_and_its_purchase_comes_within_seven(tmp_path: Path) -> None:
    generate(tmp_path, a_tidy_shop(days=17, events_per_day=450, **ALL_SIGNED_IN))
    views, purchases = defaultdict(set), defaultdict(list)
    for event in believed_events(tmp_path):
        pair = (event.get("user_id"), event["item_id"])
        at = datetime.fromisoformat(event["occurred_at"])
        if event["action"] == "view":
            views[pair, event["session_id"]].add(at)
        elif event["action"] == "purchase":
            purchases[pair].append(at)

    starts = defaultdict(list)
    for (pair, _), times in views.items():
        starts[pair].append(min(times))
    gaps = [(b - a).total_seconds() / 86_400 for times in starts.values() for a, b in pairwise(sorted(times))]
    bought = [(starts[pair], at) for pair, times in purchases.items() for at in times]
    assert len(gaps) > 50
    assert min(gaps) > 6.9  # less than 7 only where a visit goes on past midnight
    assert {round(gap / 8) for gap in gaps} <= {1, 2}
    assert len(bought) > 50
    assert all(any(0 < (at - start).total_seconds() < 7 * 86_400 for start in times) for times, at in bought)


def test_a_regression_finds_the_planted_weights(tmp_path: Path) -> None:
    settings = a_tidy_shop(
        days=10, user_count=1_000, item_count=500, events_per_day=12_000, list_share=0.0, seed=3, **ALL_SIGNED_IN
    )  # fmt: skip
    generate(tmp_path, settings)
    events = pd.DataFrame(believed_events(tmp_path))
    events["at"] = pd.to_datetime(events["occurred_at"])
    pair = ["user_id", "item_id"]
    early = events[events["occurred_at"] < "2025-03-06"]  # 7 days before the log's end

    counts = early.groupby([*pair, "action"]).size().unstack(fill_value=0)
    seen_at = early.groupby(pair)["at"].min()
    bought_at = events[events["action"] == "purchase"].groupby(pair)["at"].min().reindex(counts.index)
    is_bought = bought_at - seen_at < pd.Timedelta(days=7)
    x = counts[["view", "scroll", "cart"]].to_numpy(float)
    fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1_000).fit(x, is_bought)

    planted = list(settings.action_log_odds.values())
    errors = standard_errors(x, fitted.predict_proba(x)[:, 1])
    assert (np.abs(fitted.coef_[0] - planted) < 3 * errors).all()
    assert fitted.coef_[0] / fitted.coef_[0][0] == pytest.approx([1, 0.5, 4], rel=0.2)


def standard_errors(x: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Of a logistic regression's coefficients without the intercept's: from the inverse of Fisher's information."""
    design = np.column_stack([np.ones(len(x)), x])
    information = (design * (probability * (1 - probability))[:, None]).T @ design
    return np.sqrt(np.diag(np.linalg.inv(information)))[1:]


def test_what_is_bought_later_is_to_its_users_taste_as_bestsellers_are_not(tmp_path: Path) -> None:
    generate(tmp_path, a_tidy_shop(days=6, user_count=1_000, item_count=400, events_per_day=5_000))
    tastes = pd.read_parquet(tmp_path / "truth" / "users.parquet").set_index("user_id")["tastes"]
    style = pd.read_parquet(tmp_path / "truth" / "items.parquet").set_index("item_id")["style_ix"]
    events = pd.DataFrame(believed_events(tmp_path))
    is_late = events["occurred_at"] >= "2025-03-06"
    bought = events[is_late & (events["action"] == "purchase")].drop_duplicates(["user_id", "item_id"])
    bestsellers = events[~is_late]["item_id"].value_counts().index[:10]

    liked = np.mean(
        [tastes[user][style[item]] for user, item in zip(bought["user_id"], bought["item_id"], strict=True)]
    )
    popular = np.mean([tastes[user][style[item]] for user in set(bought["user_id"]) for item in bestsellers])

    assert len(bought) > 200
    assert liked > 4 * popular
