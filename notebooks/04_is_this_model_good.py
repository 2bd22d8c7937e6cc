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
# # Is this model good?
#
# Before anybody acts on a model: how good is it, how sure is that, for whom, compared with what, and were the data enough?
# Everything here is read from tables. Learning curve, loss curves and trials are there once their jobs have run:
# `measure_learning`, `judge_fit`, `tune_model`; a cell whose table is empty says so.

# %%
import json
import re

import matplotlib.pyplot as plt
import numpy as np

from lakerec.catalog import TABLES
from lakerec.config import load
from lakerec.diagnostics.comparisons import COMPARISONS
from lakerec.diagnostics.data_checks import DATA_CHECKS
from lakerec.diagnostics.fit_curves import FIT_CURVES
from lakerec.diagnostics.learning_curves import LEARNING_CURVES
from lakerec.diagnostics.ranking_metrics import RANKING_METRICS
from lakerec.diagnostics.rankings import ALS, BASELINES
from lakerec.diagnostics.sample_certificates import SAMPLE_CERTIFICATES
from lakerec.lakehouse import Lakehouse
from lakerec.model.runs import EVALUATION, RUNS, newest_run
from lakerec.session import open_session

plt.rcParams.update({"figure.constrained_layout.use": True, "axes.spines.top": False, "axes.spines.right": False})
INK, WARM, PALE, GREY = "#1f6f8b", "#c8792b", "#a9cdd9", "#9a9a9a"
lake = Lakehouse(open_session("is this model good"), load("local", {}).lake)
model = newest_run(lake.rows(RUNS), EVALUATION)
serving = lake.read(RUNS).where(f"purpose = 'serving' AND evaluated_by = '{model.model_id}'").toPandas()
print(f"model {model.model_id}, trained on events up to {model.as_of:%Y-%m-%d}: {json.dumps(model.settings['als'])}")


def of_model(table):
    """Rows of a table for this model."""
    return lake.read_partition(table, model.model_id).toPandas()


def whiskers(rows, value="value", low="low", high="high"):
    """Lengths of the error bars; 0 where there is no interval."""
    ends = [rows[value] - rows[low].astype(float), rows[high].astype(float) - rows[value]]
    return np.nan_to_num(np.array(ends, dtype=float)).clip(0)


# %% [markdown]
# ## Were the data enough?
# What the serving model was about to learn from, held against `[data]` of the settings.

# %%
checks = lake.read(DATA_CHECKS).toPandas()
checks = checks[checks["model_id"].isin(serving["model_id"])]
if len(checks):
    shown = checks.drop(columns="model_id")
    print(shown.to_string(index=False, float_format=lambda number: f"{number:,.4f}".rstrip("0").rstrip(".")))
else:
    print("diagnostics.data_checks holds nothing of this model.")

# %% [markdown]
# ## Is it better than simple rules?
# Test window, all known customers who bought something new. A point is the mean over them, its line the 95 % interval. Below, the
# paired difference: the same customers, so what is easy or hard for both cancels out. Left of 0 the model loses. (Fold-in and new
# items are judged on other customers and cannot stand beside these; see notebook 02.)

# %%
metrics = of_model(RANKING_METRICS).query("split == 'test'")
everybody = metrics[metrics["slice"] == "all"]
k = 10 if 10 in set(everybody["k"]) else everybody["k"].max()
at_k = everybody[(everybody["k"] == k) & everybody["recommender"].isin([ALS, *BASELINES])]
order = at_k[at_k["metric"] == "ndcg"].sort_values("value")["recommender"].tolist()
shown = ["ndcg", "recall", "precision", "hit_rate"]
figure, panels = plt.subplots(1, len(shown), figsize=(12, 3.2), sharey=True)
for axes, metric in zip(panels, shown, strict=True):
    rows = at_k[at_k["metric"] == metric].set_index("recommender").reindex(order)
    for place, name in enumerate(order):
        one = rows.loc[[name]]
        colour = INK if name == "als" else GREY
        axes.errorbar(one["value"], [place], xerr=whiskers(one), fmt="o", color=colour, markersize=5, linewidth=1.4)
    axes.set(title=f"{metric}, first {k}", yticks=range(len(order)), yticklabels=order)
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3)

# %%
compared = of_model(COMPARISONS).query(f"split == 'test' and slice == 'all' and k == {k} and recommender == 'als'")
differences = compared[compared["metric"] == "ndcg"].sort_values("value").reset_index(drop=True)
figure, axes = plt.subplots(figsize=(8, 0.45 * len(differences) + 1.2))
for place, row in differences.iterrows():
    colour = {"better": INK, "worse": WARM}.get(row["verdict"], GREY)
    one = differences.loc[[place]]
    axes.errorbar(one["value"], [place], xerr=whiskers(one), fmt="o", color=colour, markersize=5, linewidth=1.4)
    axes.annotate(row["verdict"], (row["value"], place), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8, color=colour)
axes.axvline(0, color="black", linewidth=0.8)
axes.set(title=f"als - baseline, ndcg, first {k}", yticks=range(len(differences)), yticklabels=differences["baseline"])
axes.set_ylim(-0.6, len(differences) - 0.3)
print(differences[["baseline", "value", "low", "high", "verdict", "user_count"]].round(4).to_string(index=False))

# %% [markdown]
# ## For whom?
# Recall of als by what the shop knew of the customer, and by what was wanted. Wide lines are few customers.

# %%
dimensions = ["history", "popularity", "item_age", "category"]
sliced = metrics[(metrics["metric"] == "recall") & (metrics["k"] == k) & (metrics["recommender"] == "als")]
figure, panels = plt.subplots(1, len(dimensions), figsize=(12.5, 3.4))
for axes, dimension in zip(panels, dimensions, strict=True):
    rows = sliced[sliced["slice"].str.startswith(f"{dimension}=")]
    rows = rows.assign(label=rows["slice"].str.removeprefix(f"{dimension}="))
    by_number = {label: (label != "new", (re.sub(r"\D", " ", label).split() or ["0"])[0].zfill(9), label) for label in rows["label"]}
    rows = rows.assign(place=rows["label"].map(by_number)).sort_values("place", ascending=False)
    labels = [f"{label} ({count})" for label, count in zip(rows["label"], rows["user_count"], strict=True)]
    axes.errorbar(rows["value"], range(len(rows)), xerr=whiskers(rows), fmt="o", color=INK, markersize=5, linewidth=1.4)
    axes.set(title=f"recall by {dimension}", yticks=range(len(rows)), yticklabels=labels)
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3)

# %% [markdown]
# ## Would more customers help?
# NDCG on the validation window of models that learned from a share of the customers, all judged on the same ones. Hollow: what the
# fitted curve says of twice as many; that it goes on as it went is an assumption.

# %%
learning = of_model(LEARNING_CURVES).sort_values("user_share")
if len(learning):
    figure, axes = plt.subplots(figsize=(7, 3.6))
    measured, continued = learning[learning["is_measured"]], learning[~learning["is_measured"]]
    axes.plot(learning["user_share"], learning["value"], linestyle=":", color=GREY, zorder=0)
    for rows, filled, name in ((measured, INK, "measured"), (continued, "white", "continued")):
        axes.errorbar(rows["user_share"], rows["value"], yerr=whiskers(rows), fmt="o", color=INK, markerfacecolor=filled, label=name)
    axes.set_xscale("log")
    axes.set_xticks(learning["user_share"], [f"{share:.0%}" for share in learning["user_share"]])
    axes.minorticks_off()
    axes.set(title="learning curve", xlabel="customers learned from", ylabel=f"ndcg, first {learning['k'].iloc[0]}")
    figure.legend(frameon=False, loc="outside lower center", ncols=2)
    print(continued["verdict"].iloc[0])
    names = ["user_share", "user_count", "pair_count", "judged_count", "value", "low", "high", "gain", "gain_low", "gain_high", "seconds"]
    print(learning[names].round(4).to_string(index=False))
else:
    print("diagnostics.learning_curves holds nothing of this model: run measure_learning.")

# %% [markdown]
# ## Does it learn too little, or by heart?
# The training loss always falls. Where the validation error or NDCG still gets better the fit ends too early; where they get worse
# it learns by heart.

# %%
fit = of_model(FIT_CURVES).sort_values("iteration")
if len(fit):
    figure, panels = plt.subplots(1, 3, figsize=(12, 3.2))
    curves = [("train_loss", None, None), ("validation_loss", "validation_low", "validation_high"), ("ndcg", "ndcg_low", "ndcg_high")]
    for axes, (value, low, high) in zip(panels, curves, strict=True):
        if low:
            axes.fill_between(fit["iteration"], fit[low].astype(float), fit[high].astype(float), color=PALE, alpha=0.5, linewidth=0)
        axes.plot(fit["iteration"], fit[value], "o-", color=WARM if value == "train_loss" else INK, markersize=5)
        axes.set(title=value.replace("_", " "), xlabel="iterations")
        axes.set_xticks(fit["iteration"])
        axes.grid(alpha=0.3)
    last = fit.iloc[-1]
    print(f"{last['verdict']}: {last['reason']}")
    print(f"{int(last['user_count'])} users learned from, {int(last['judged_count'])} judged, {fit['seconds'].sum():.0f} s")
else:
    print("diagnostics.fit_curves holds nothing of this model: run judge_fit.")

# %% [markdown]
# ## What has been tried?
# Trials of the newest study: the validation metric of each, and the best so far.

# %%
TRIALS = next((table for table in TABLES if table.name == "diagnostics.trials"), None)
trials = lake.read(TRIALS).toPandas() if TRIALS else None
if trials is not None and len(trials):
    newest = trials.sort_values("ended_at")["study"].iloc[-1]
    study = trials[trials["study"] == newest].sort_values("trial")
    done = study[study["state"] == "complete"]
    figure, axes = plt.subplots(figsize=(8, 3.2))
    axes.errorbar(done["trial"], done["value"], yerr=whiskers(done), fmt="o", color=INK, markersize=4, linewidth=1, label="complete")
    others = study[(study["state"] != "complete") & study["value"].notna()]
    axes.plot(others["trial"], others["value"], "x", color=GREY, label="pruned, judged on fewer")
    axes.step(done["trial"], done["value"].cummax(), where="post", color=WARM, linewidth=1, label="best so far")
    axes.set(title=f"study {newest[:12]}", xlabel="trial", ylabel=f"{study['metric'].iloc[0]}, validation window")
    axes.legend(frameon=False)
    print(done.sort_values("value", ascending=False).head(5)[["trial", "settings", "value", "low", "high", "seconds"]].to_string(index=False))
else:
    print("diagnostics.trials holds nothing: run tune_model.")

# %% [markdown]
# ## Is this lake a sample?
# A sample made by `make_sample` brings its certificate.

# %%
certificate = lake.read(SAMPLE_CERTIFICATES).toPandas()
if len(certificate):
    print(certificate[certificate["dimension"] == "all"]["verdict"].iloc[0])
    far = certificate[certificate["distance"].notna()].sort_values("distance").reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(8, 0.4 * len(far) + 1))
    axes.barh(far["dimension"], far["distance"], color=[INK if met else WARM for met in far["is_met"]], height=0.6)
    axes.plot(far["chance"], range(len(far)), "|", color="black", markersize=12, label="a random draw, in 19 of 20 cases")
    axes.axvline(far["maximum"].iloc[0], color=GREY, linestyle=":", label="largest that passes")
    axes.set(title="distance from the whole (total variation)")
    axes.legend(frameon=False, loc="lower right")
    names = ["dimension", "full_value", "full_low", "full_high", "sample_value", "sample_low", "sample_high", "verdict"]
    print(certificate[certificate["full_value"].notna()][names].round(4).to_string(index=False))
else:
    print("no: it has no certificate.")
plt.show()
