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
# # What the model found, and what its numbers mean
#
# The evaluation model knows nothing after the cut; its lists are judged by what customers bought in the test window.
# Nothing is computed here: raw scores, metrics, coefficients, probabilities and thresholds are tables.

# %%
import re

import matplotlib.pyplot as plt
from pyspark.sql import functions as F

from lakerec.config import load
from lakerec.diagnostics.coefficients import COEFFICIENTS
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.probabilities import PROBABILITIES
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.rankings import RANKINGS
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import EVALUATION, RUNS, newest_run
from lakerec.session import open_session

plt.rcParams.update({"figure.constrained_layout.use": True, "axes.spines.top": False, "axes.spines.right": False})
COLOURS = {"als": "#1f6f8b", "popularity": "#e0a458", "recent_popularity": "#d9b77e", "item_knn_cosine": "#8d6a9f",
           "item_knn_bm25": "#b79ac9", "repeat": "#7a9e7e", "random": "#b8b8b8", "ladder": "#3fa796", "fold_in": "#7a4d9c",
           "session": "#a05c7b"}
lake = Lakehouse(open_session("diagnostics"), load("local", {}).lake)
model = newest_run(lake.rows(RUNS), EVALUATION)
print(f"model {model.model_id}, trained on events up to {model.as_of:%Y-%m-%d}")

# %% [markdown]
# ## Against baselines
# Lines are 95 % intervals: another sample of as many customers would have given a value in there. Baselines are judged on
# the same customers, so the paired difference tells more than two intervals beside each other.

# %%
metrics = lake.read_partition(RANKING_METRICS, model.model_id).where("split = 'test'").toPandas()
everybody = metrics[metrics["slice"] == "all"]
print(everybody.pivot_table(index=["metric", "k"], columns="recommender", values="value").round(4).to_string())
told = everybody.drop_duplicates("recommender").set_index("recommender")[["user_count", "left_out_count"]]
print("\ncustomers judged, and left out because they bought nothing new:")
print(told.to_string())


# %%
def with_error_bars(axes, rows, labels, colour=None, offset=0.0, name=None):
    """Points with their intervals, one below the other; where there is none, a point alone."""
    at = [labels.index(label) + offset for label in rows["label"]]
    ends = [(side * (rows[end] - rows["value"])).astype(float).fillna(0).to_numpy() for side, end in ((-1, "low"), (1, "high"))]
    axes.errorbar(rows["value"].to_numpy(), at, xerr=ends, fmt="o", color=colour, label=name, markersize=4, linewidth=1.2)
    axes.set_yticks(range(len(labels)), labels)


k = 10 if 10 in set(everybody["k"]) else everybody["k"].max()
order = [name for name in COLOURS if name in set(everybody["recommender"]) and name != "ladder"][::-1]
shown = ["ndcg", "recall", "hit_rate", "coverage"]
figure, panels = plt.subplots(1, len(shown), figsize=(11, 3), sharey=True)
for axes, metric in zip(panels, shown, strict=True):
    rows = everybody[(everybody["metric"] == metric) & (everybody["k"] == k)].assign(label=everybody["recommender"])
    for name in order:
        with_error_bars(axes, rows[rows["recommender"] == name], order, COLOURS[name])
    axes.set(title=f"{metric}, first {k}")
    axes.set_xlim(left=0)

# %% [markdown]
# ## Which differences are real?
# A verdict needs an interval that leaves out 0; everything else is not told apart.

# %%
compared = lake.read_partition(COMPARISONS, model.model_id).where(f"split = 'test' AND k = {k}").toPandas()
of_all = compared[(compared["slice"] == "all") & compared["metric"].isin(["ndcg", "recall"])]
names = ["recommender", "baseline", "baseline_model_id", "metric", "value", "low", "high", "verdict", "user_count"]
print(of_all[names].sort_values(names[:4]).round(4).to_string(index=False))

# %% [markdown]
# ## For whom does it work?
# Customers by how much the shop knew of them; and relevant items by how well known and how old they are, and by category.

# %%
dimensions = ["history", "popularity", "item_age", "category"]
figure, panels = plt.subplots(1, len(dimensions), figsize=(12, 3.4))
for axes, dimension in zip(panels, dimensions, strict=True):
    rows = metrics[(metrics["metric"] == "recall") & (metrics["k"] == k) & metrics["slice"].str.startswith(f"{dimension}=")]
    rows = rows.assign(label=rows["slice"].str.removeprefix(f"{dimension}="))
    labels = sorted(set(rows["label"]), key=lambda label: ((re.sub(r"\D", " ", label).split() or [""])[0].zfill(9), label))[::-1]
    for nth, name in enumerate(("ladder", "popularity")):
        with_error_bars(axes, rows[rows["recommender"] == name], labels, COLOURS[name], 0.15 - 0.3 * nth, name)
    axes.set(title=f"recall by {dimension}")
    axes.set_xlim(left=0)
figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=2)
sliced = metrics[(metrics["metric"] == "recall") & (metrics["k"] == k) & (metrics["recommender"] == "ladder")]
print(sliced[["slice", "value", "low", "high", "user_count"]].sort_values("slice").round(3).to_string(index=False))

# %% [markdown]
# ## Raw scores
# Scores order items, they are no probabilities: these are the listed items, bought later or not.

# %%
lists = lake.read_partition(RANKINGS, model.model_id).where("split = 'test' AND recommender = 'als'")
scores = lists.select("score", "is_relevant").toPandas()
figure, axes = plt.subplots(figsize=(8, 3))
for is_relevant, colour in ((False, "#b8b8b8"), (True, "#1f7a4d")):
    label = "bought later" if is_relevant else "not bought"
    axes.hist(scores["score"][scores["is_relevant"] == is_relevant], bins=40, density=True, alpha=0.6,
              color=colour, label=label)
axes.set(xlabel="raw score", ylabel="density")
axes.legend(frameon=False)

# %% [markdown]
# ## Coefficients
# Everything that shapes a score or a probability, chosen or fitted.

# %%
lake.read_partition(COEFFICIENTS, model.model_id).orderBy("part", "name", "position").drop("model_id").show(60, truncate=40)

# %% [markdown]
# ## Do the probabilities hold?
# Fitted on the calibrate window, measured on the test window. On the diagonal, what was predicted came true.

# %%
probabilities = lake.read_partition(PROBABILITIES, model.model_id).orderBy("recommender", "slice", "bin").toPandas()
bins = probabilities[probabilities["slice"] == "all"]
figure, axes = plt.subplots(figsize=(4.5, 4.2))
highest = max([0.01, *bins["predicted"], *bins["observed"]]) * 1.1
axes.plot([0, highest], [0, highest], "--", color="#999999")
for recommender, line in bins.groupby("recommender"):
    axes.plot(line["predicted"], line["observed"], "o-", color=COLOURS[recommender], label=recommender)
axes.set(xlabel="predicted probability", ylabel="share bought")
axes.legend(frameon=False)
of_history = probabilities[probabilities["slice"] != "all"]
print(of_history.groupby("slice")[["count", "predicted", "observed"]].agg({"count": "sum", "predicted": "mean", "observed": "mean"}))

# %% [markdown]
# ## Thresholds

# %%
thresholds = lake.read_partition(THRESHOLDS, model.model_id).orderBy("threshold").toPandas()
figure, axes = plt.subplots(figsize=(8, 3))
for name, colour in (("precision", "#1f6f8b"), ("recall", "#e0a458"), ("share", "#b8b8b8")):
    axes.plot(thresholds["threshold"], thresholds[name].astype(float), color=colour, label=name)
for _, chosen in thresholds[thresholds["is_chosen"]].iterrows():
    axes.axvline(chosen["threshold"], color="#23303d", linestyle=":")
    print(chosen["reason"])
axes.set(xlabel="least probability of a recommended item")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Every list is a row
# Which known customers got the most right?

# %%
lists.where("is_relevant").groupBy("user_ix").agg(F.count("*").alias("bought_of_the_list")).orderBy(
    F.desc("bought_of_the_list"), "user_ix"
).show(5)
