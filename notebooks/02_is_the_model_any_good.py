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
import matplotlib.pyplot as plt
from pyspark.sql import functions as F

from lakerec.config import load
from lakerec.diagnostics.coefficients import COEFFICIENTS
from lakerec.diagnostics.probabilities import PROBABILITIES
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.rankings import RANKINGS
from lakerec.diagnostics.thresholds import THRESHOLDS
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import EVALUATION, RUNS, newest_run
from lakerec.session import open_session

plt.rcParams.update({"figure.constrained_layout.use": True, "axes.spines.top": False, "axes.spines.right": False})
COLOURS = {"als": "#1f6f8b", "popularity": "#e0a458", "random": "#b8b8b8", "ladder": "#3fa796", "fold_in": "#7a4d9c"}
lake = Lakehouse(open_session("diagnostics"), load("local", {}).lake)
model = newest_run(lake.read(RUNS), EVALUATION)
print(f"model {model.model_id}, trained on events up to {model.as_of:%Y-%m-%d}")

# %% [markdown]
# ## Against baselines

# %%
metrics = lake.read_partition(RANKING_METRICS, model.model_id).where("split = 'test'").toPandas()
everybody = metrics[metrics["slice"] == "all"]
print(everybody[everybody["recommender"].isin(COLOURS)].pivot_table(
    index=["metric", "k"], columns="recommender", values="value").round(4).to_string())

# %%
shown = ["recall", "ndcg", "hit_rate"]
figure, panels = plt.subplots(1, len(shown), figsize=(9, 3))
for axes, metric in zip(panels, shown, strict=True):
    for recommender, colour in list(COLOURS.items())[:3]:
        line = everybody[(everybody["metric"] == metric) & (everybody["recommender"] == recommender)].sort_values("k")
        axes.plot(line["k"], line["value"], "o-", color=colour, label=recommender)
    axes.set(title=metric, xlabel="length of the list")
    axes.set_ylim(bottom=0)
panels[0].legend(frameon=False)

# %% [markdown]
# ## For whom does it work?

# %%
k = everybody["k"].max()
by_history = metrics[(metrics["metric"] == "hit_rate") & (metrics["k"] == k) & (metrics["slice"] != "all")]
print(by_history.pivot_table(index="slice", columns="recommender", values="value").round(3).to_string())
print(by_history.pivot_table(index="slice", columns="recommender", values="user_count").to_string())

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
bins = lake.read_partition(PROBABILITIES, model.model_id).orderBy("recommender", "bin").toPandas()
figure, axes = plt.subplots(figsize=(4.5, 4.2))
highest = max([0.01, *bins["predicted"], *bins["observed"]]) * 1.1
axes.plot([0, highest], [0, highest], "--", color="#999999")
for recommender, line in bins.groupby("recommender"):
    axes.plot(line["predicted"], line["observed"], "o-", color=COLOURS[recommender], label=recommender)
axes.set(xlabel="predicted probability", ylabel="share bought")
axes.legend(frameon=False)

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
