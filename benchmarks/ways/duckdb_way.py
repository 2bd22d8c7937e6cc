"""duckdb reads, believes, deduplicates and weighs; implicit learns and ranks; Parquet files are left. No Spark."""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from benchmarks.ways.task import Stages, Task

READ = """
CREATE TABLE believed AS
SELECT DISTINCT ON (event_date, event_id) *, occurred_at::DATE AS event_date
FROM (
    SELECT event_id, user_id, session_id, item_id, lower(action) AS action, try_cast(occurred_at AS TIMESTAMP) AS
        occurred_at, quantity, price
    FROM read_json('{files}', format = 'newline_delimited', ignore_errors = true, columns = {{event_id: 'VARCHAR',
        user_id: 'VARCHAR', session_id: 'VARCHAR', item_id: 'VARCHAR', action: 'VARCHAR', occurred_at: 'VARCHAR',
        quantity: 'INTEGER', price: 'DOUBLE'}})
)
WHERE event_id IS NOT NULL AND item_id <> '' AND occurred_at IS NOT NULL AND list_contains({actions}, action)
"""

LINK = """
CREATE TABLE events AS
WITH sessions AS (
    SELECT event_date, session_id, count(*) AS size, count(DISTINCT occurred_at) AS moments,
        greatest(1, date_diff('microsecond', min(occurred_at), max(occurred_at)) / 60e6) AS minutes,
        sum(count(*)) OVER (PARTITION BY event_date) AS of_day
    FROM believed GROUP BY event_date, session_id
), bots AS (
    SELECT event_date, session_id FROM sessions
    WHERE moments >= {bot_min_events} AND (moments / minutes > {bot_max_events_per_minute}
        OR size / of_day > {bot_max_share})
)
SELECT believed.* EXCLUDE (user_id), bots.session_id IS NOT NULL AS is_bot,
    first_value(user_id IGNORE NULLS) OVER (PARTITION BY session_id ORDER BY occurred_at, event_id
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS user_id
FROM believed LEFT JOIN bots USING (event_date, session_id)
"""

WEIGH = """
CREATE TABLE strengths AS
WITH daily AS (
    SELECT user_id, item_id, action, event_date, count(*) AS n FROM events
    WHERE user_id IS NOT NULL AND NOT is_bot GROUP BY ALL
), placed AS (
    SELECT *, CASE WHEN action = 'return' THEN coalesce(max(event_date) FILTER (action = 'purchase') OVER (
        PARTITION BY user_id, item_id ORDER BY event_date RANGE UNBOUNDED PRECEDING), event_date)
        ELSE event_date END AS counts_on
    FROM daily
)
SELECT user_id, item_id, sum(weight * n * 0.5 ** (date_diff('day', counts_on,
    (SELECT max(event_date) FROM events)) / {half_life_days})) AS strength
FROM placed JOIN weights USING (action) GROUP BY ALL
"""


def run(task: Task, stages: Stages) -> None:
    """Leave events, strengths and lists as Parquet."""
    stages.ended("start")
    rules, feedback = task.settings, task.settings["feedback"]
    database = duckdb.connect(config={"threads": 2})
    database.sql(READ.format(files=f"{task.landing}/events/*/*.jsonl.gz", actions=rules["events"]["actions"]))
    database.sql(LINK.format(**rules["session"]))
    database.sql(f"COPY events TO '{task.target}/events.parquet'")
    stages.ended("clean")
    weights = {"action": list(feedback["weights"]), "weight": list(feedback["weights"].values())}
    database.register("weights", pa.table(weights))
    database.sql(WEIGH.format(half_life_days=float(feedback["half_life_days"])))
    database.sql(f"COPY strengths TO '{task.target}/strengths.parquet'")
    pairs = database.sql("FROM strengths").to_arrow_table()
    stages.ended("aggregate")
    users, items = (pairs[name].combine_chunks().dictionary_encode() for name in ("user_id", "item_id"))
    place = users.indices.to_numpy(), items.indices.to_numpy()
    model = fit(task, pairs["strength"].to_numpy(), place)
    stages.ended("train")
    seen = csr_matrix((np.ones(len(pairs), np.float32), place))
    wanted = np.flatnonzero(np.bincount(place[0], pairs["strength"].to_numpy() > 0))
    n = rules["recommend"]["top_n"]
    found, scores = model.recommend(wanted, seen[wanted], N=n, filter_already_liked_items=True)
    lists = {
        "user_id": users.dictionary.take(pa.array(np.repeat(wanted, found.shape[1]))),
        "rank": np.tile(np.arange(1, found.shape[1] + 1, dtype=np.int32), len(found)),
        "item_id": items.dictionary.take(pa.array(np.maximum(found, 0).ravel())),
        "score": scores.ravel(),
    }
    made = pa.table(lists).filter(pa.array(((found >= 0) & (scores > -1e30)).ravel()))
    pq.write_table(made, task.target / "lists.parquet")
    stages.ended("recommend")


def fit(task: Task, strengths: np.ndarray, place: tuple[np.ndarray, np.ndarray]):
    """The penalty of implicit does not grow with a row's pairs: it gets the mean."""
    from implicit.cpu.als import AlternatingLeastSquares

    als = task.settings["als"]
    confidence = np.sign(strengths) * (1 + als["alpha"] * np.abs(strengths))
    matrix = csr_matrix((confidence.astype(np.float32), place))
    model = AlternatingLeastSquares(
        factors=als["rank"], regularization=als["reg_param"] * matrix.nnz / matrix.shape[0], alpha=1.0,
        iterations=als["max_iter"], num_threads=2, random_state=als["seed"],
    )  # fmt: skip
    model.fit(matrix, show_progress=False)
    return model
