"""diagnostics.comparisons: which of two recommenders, or of two models, finds more, and how sure that is.

Both are judged on the same users with the same bootstrap weights, so that what makes a user easy or hard for both
cancels out of the difference. A verdict is given where the 95 % interval of the difference leaves out 0.
"""

from pyspark.sql import types as T

from lakerec.contract import Column, Table, Write

COMPARISONS = Table(
    name="diagnostics.comparisons",
    comment="One row per (model, recommender, baseline, split, slice, metric, k): a paired difference, with a verdict.",
    columns=(
        Column("model_id", T.StringType(), "Evaluation model."),
        Column("recommender", T.StringType(), "Whose metric the baseline's is taken from."),
        Column(
            "baseline_model_id", T.StringType(), "Model of the baseline: this one, or an earlier one of the same cut."
        ),
        Column("baseline", T.StringType(), "A baseline of als; popularity; or the same recommender of another model."),
        Column("split", T.StringType(), "validation or test, as in diagnostics.ranking_metrics."),
        Column("slice", T.StringType(), "As in diagnostics.ranking_metrics."),
        Column("metric", T.StringType(), "recall, precision, ndcg, map, mrr or hit_rate."),
        Column("k", T.IntegerType(), "Length of the list that is judged; items."),
        Column(
            "value", T.DoubleType(), "Mean over users of recommender - baseline; above 0 the recommender finds more."
        ),
        Column("low", T.DoubleType(), "Lower end of its 95 % interval; null: fewer than 10 users."),
        Column("high", T.DoubleType(), "Upper end of its 95 % interval; null: fewer than 10 users."),
        Column("verdict", T.StringType(), "better, worse, or not told apart."),
        Column("user_count", T.LongType(), "Users judged with both lists."),
    ),
    key=("model_id", "recommender", "baseline_model_id", "baseline", "split", "slice", "metric", "k"),
    write=Write.REPLACE_PARTITIONS,
    partition_by="model_id",
)
