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
# # What arrived, what we believe, and who buys
#
# Everything here is read from tables. `LAKEREC_LAKE__ROOT` names the lake; `./spark-submit.sh notebook --lake DIR` sets it.

# %%
import matplotlib.pyplot as plt
from pyspark.sql import functions as F

from lakerec.bronze.files import FILES
from lakerec.bronze.malformed_lines import MALFORMED_LINES
from lakerec.config import load
from lakerec.lakehouse import Lakehouse
from lakerec.report.facts import collect_rejects, count_funnel
from lakerec.session import open_session
from lakerec.silver.events import EVENTS
from lakerec.silver.items import ITEMS
from lakerec.silver.sessions import SESSIONS

plt.rcParams.update({"figure.constrained_layout.use": True, "axes.spines.top": False, "axes.spines.right": False})
lake = Lakehouse(open_session("events and funnel"), load("local", {}).lake)
events = lake.read(EVENTS)

# %% [markdown]
# ## From delivery to purchase
# Every line that was delivered is accounted for: read, malformed, rejected with a reason, or a duplicate.

# %%
steps, counts = zip(*count_funnel(lake), strict=True)
figure, axes = plt.subplots(figsize=(8, 3))
axes.bar_label(axes.barh(steps, counts, color="#1f6f8b"), fmt="{:,.0f}", padding=4)
axes.invert_yaxis()
axes.margins(x=0.15)
axes.xaxis.set_visible(False)

# %% [markdown]
# ## What was set aside
# The exact bytes are kept; here is the first line of each reason.

# %%
for reject in collect_rejects(lake):
    print(f"{reject.rows:>8,}  {reject.table}: {reject.reason}\n          {reject.example[:110]}")

# %% [markdown]
# Do some files carry more malformed lines than others?

# %%
lake.read(FILES).select("path", "line_count", "malformed_line_count").orderBy(F.desc("malformed_line_count")).show(5)
lake.read(MALFORMED_LINES).groupBy("source", "reason").count().show(truncate=False)

# %% [markdown]
# ## Through the day
# Believed events by hour and action; bots are left out.

# %%
people = events.where("NOT is_bot")
hours = (
    people.groupBy(F.hour("occurred_at").alias("hour"), "action").count().toPandas().pivot(index="hour", columns="action")
)
hours = hours["count"].fillna(0)
axes = hours.plot(figsize=(8, 3.2), xlabel="hour of the day (UTC)", ylabel="events")
axes.legend(frameon=False, ncols=3)

# %% [markdown]
# ## From view to purchase
# Pairs of customer and item, by the furthest that they got.

# %%
order = ["view", "scroll", "cart", "purchase", "return"]
pairs = people.where(F.col("user_id").isNotNull() & F.col("action").isin(order))
reached = pairs.groupBy("action").agg(F.count_distinct("user_id", "item_id").alias("pairs")).toPandas()
reached = reached.set_index("action")["pairs"].reindex([action for action in order if action in set(reached["action"])])
figure, axes = plt.subplots(figsize=(8, 2.8))
axes.bar_label(axes.bar(reached.index, reached, color="#3fa796"), fmt="{:,.0f}", padding=2)
axes.set_ylabel("pairs of customer and item")

# %% [markdown]
# ## Which categories sell?

# %%
bought = people.where("action = 'purchase'").join(lake.read(ITEMS).select("item_id", "category"), "item_id")
share = bought.groupBy("category").count().orderBy(F.desc("count")).limit(12).toPandas()
axes = share.plot.barh(x="category", y="count", figsize=(8, 3.6), legend=False, color="#e0a458", xlabel="purchases")
axes.invert_yaxis()

# %% [markdown]
# ## Bots
# A session that is much too fast is flagged, kept, and left out of training.

# %%
sessions = lake.read(SESSIONS).toPandas()
minutes = (sessions["last_at"] - sessions["first_at"]).dt.total_seconds() / 60
figure, axes = plt.subplots(figsize=(8, 3.2))
for is_bot, colour in ((False, "#1f6f8b"), (True, "#c0392b")):
    chosen = sessions["is_bot"] == is_bot
    axes.scatter(minutes[chosen].clip(lower=0.1), sessions["event_count"][chosen], s=8, color=colour,
                 alpha=0.5, label="bot" if is_bot else "person")
axes.set(xscale="log", yscale="log", xlabel="length of the session (minutes)", ylabel="events")
axes.legend(frameon=False)
plt.show()
