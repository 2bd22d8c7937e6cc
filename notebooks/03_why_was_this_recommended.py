# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Why was this recommended?
#
# One user, from what was done to what is shown, and back to the delivered bytes. Everything is read from the live release;
# nothing is computed that is not in a table. Set `user` to anybody in `live.user_items`.

# %%
import matplotlib.pyplot as plt
from pyspark.sql import functions as F

from lakerec.catalog import VIEWS
from lakerec.config import load
from lakerec.lakehouse import Lakehouse
from lakerec.recommendations.releases import RELEASES
from lakerec.session import open_session
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS

plt.rcParams.update({"figure.constrained_layout.use": True, "axes.spines.top": False, "axes.spines.right": False})
lake = Lakehouse(open_session("why"), load("local", {}).lake)
lake.register_views(VIEWS)
spark = lake.spark

user = None  # such as "u000042"; None: the user whose first recommendation has most reasons
if user is None:
    reasons = spark.table("live.explanations").groupBy("user_id").agg(F.sum("because_count").alias("reasons"))
    user = reasons.where("user_id NOT LIKE 'session:%'").orderBy(F.desc("reasons"), "user_id").first()["user_id"]
names = {row.item_id: row.name or row.item_id for row in lake.read(ITEMS).select("item_id", "name").collect()}
print(f"user {user}")

# %% [markdown]
# ## What the user did

# %%
did = lake.read(EVENTS).where((F.col("user_id") == user) & ~F.col("is_bot"))
did.groupBy("action").agg(F.count("*").alias("events"), F.max("occurred_at").alias("last_at")).orderBy("action").show()

# %% [markdown]
# ## What the user is recommended
# Raw score, what it means as a probability, and whether that passes the threshold. `raw_rank` is the place before the rules of the
# business.

# %%
shown = spark.table("live.user_items").where(F.col("user_id") == user).orderBy("rank")
listed = shown.select("rank", "raw_rank", "item_id", "score", "probability", "is_recommended", "source").toPandas()
listed.insert(3, "name", listed["item_id"].map(names))
print(listed.head(10).to_string(index=False))
spark.table("live.ruled_out").where(F.col("user_id") == user).select("raw_rank", "item_id", "rule").show(5, truncate=False)

# %% [markdown]
# ## Why the first of them
# What each of the user's items contributes to the score: the bars add up to it. The hollow mark is the score that the user would have
# without that item, solved anew: less is lost than the bar is long, as the other items take over.

# %%
item = listed["item_id"].iloc[0]
trace = spark.table("recommendations.trace").where(
    (F.col("status") == "live") & (F.col("user_id") == user) & (F.col("item_id") == item)
)
rows = trace.toPandas()
first = rows.iloc[0]
parts = rows.dropna(subset=["reason"]).drop_duplicates("reason").sort_values("reason")
if len(parts):
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.45 * len(parts)))
    labels = [names.get(because, f"{count} other items") for because, count in zip(parts["because_item_id"], parts["because_count"])]
    axes.barh(labels, parts["contribution"], color="#1f6f8b")
    axes.plot(first["score"] - parts["score_without"].astype(float), labels, "o", mfc="none", mec="#e0a458", label="lost without it")
    axes.axvline(0, color="#999999", linewidth=0.8)
    axes.invert_yaxis()
    axes.set(title=f"{names.get(item, item)}: score {first['score']:.4f}", xlabel="contribution to the score")
    axes.legend(frameon=False)
    print(f"sum of the contributions {parts['contribution'].sum():.8f}, published score {first['score']:.8f}")

# %% [markdown]
# ## ... and from which raw records
# A contribution is shared among its item's events by their decayed weight.

# %%
events = rows.dropna(subset=["event_id"]).sort_values("event_contribution", ascending=False)
columns = ["because_item_id", "action", "age_days", "event_strength", "event_contribution", "path", "line_number"]
print(events[columns].head(8).to_string(index=False))
for raw in events["raw"].head(2):
    print(bytes(raw).decode(errors="backslashreplace")[:200])

# %% [markdown]
# ## What the probability is worth
# The reliability diagram of the recommender that found it, on the test window, with this recommendation on its axis.

# %%
bins = spark.table("live.probabilities").where(F.col("recommender") == first["source"]).where("slice = 'all'").orderBy("bin").toPandas()
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8))
stated = [] if first["probability"] != first["probability"] else [first["probability"]]  # nan: it has none
highest = max([0.001, *bins["predicted"], *bins["observed"], *stated]) * 1.1
left.plot([0, highest], [0, highest], "--", color="#999999")
left.plot(bins["predicted"], bins["observed"], "o-", color="#1f6f8b", label=first["source"])
for probability in stated:
    left.axvline(probability, color="#e0a458", label="this recommendation")
left.set(xlabel="predicted probability", ylabel="share bought", title="does it hold?")
left.legend(frameon=False)

# ## Which threshold it passed
thresholds = spark.table("live.thresholds").orderBy("threshold").toPandas()
right.plot(thresholds["threshold"], thresholds["expected_value"].astype(float), color="#3fa796", label="expected value")
right.set(xlabel="threshold", ylabel="expected value per 1,000 candidates", title="what it is worth to recommend")
for _, chosen in thresholds[thresholds["is_chosen"]].iterrows():
    right.axvline(chosen["threshold"], color="#23303d", linestyle=":")
    print(f"threshold {chosen['threshold']:.4%}: {chosen['reason']}")
right.legend(frameon=False)

# %% [markdown]
# ## Which model, which data
# And the history of releases: each can be gone back to with `./spark-submit.sh rollback`.

# %%
print(first[["release_id", "batch_id", "model_id", "model_as_of", "model_source_versions", "source_versions"]].to_string())
lake.read(RELEASES).orderBy(F.desc("release_id")).show(10, truncate=False)
plt.show()
