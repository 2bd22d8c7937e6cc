"""The rows that take a recommendation apart."""

import numpy as np
import pyarrow as pa
import pytest

from lakerec.contract import key_errors_of
from lakerec.errors import ContractError, DuplicateKeyError
from lakerec.model.fold_in import Space, Weights
from lakerec.model.scorer import ItemSide
from lakerec.recommendations.explanations import EXPLANATIONS, _arrow_explainer, explain_lists, name_explanations

# items 10, 11, 12 of one factor each; they stand in order of item_id, which is not that of their integers
ITEMS = ItemSide(np.array([12, 10, 11], np.int32), np.array([[2.0], [1.0], [0.5]], np.float32))
SPACE = Space(ITEMS, Weights(alpha=1.0, reg_param=0.1))
GRAM = 2.0**2 + 1.0**2 + 0.5**2


def users(*rows):
    entry = pa.struct([("item_ix", pa.int32()), ("strength", pa.float32())])
    fields = [("user_id", pa.string()), ("listed", pa.list_(pa.int32())), ("history", pa.list_(entry))]
    names = ("user_id", "listed", "history")
    return pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in rows], pa.schema(fields))


def had(**strengths):
    return [{"item_ix": int(name[1:]), "strength": strength} for name, strength in strengths.items()]


def explained(batch, top_m):
    return [row for part in _arrow_explainer(SPACE, top_m)([batch]) for row in part.to_pylist()]


def test_each_named_item_has_a_row_and_the_rest_is_summed_in_one():
    rows = explained(users(("ann", [12], had(i10=1.0, i11=4.0, i12=-2.0))), top_m=1)

    a = GRAM + 1 * 1.0 + 4 * 0.25 + 2 * 4.0 + 0.1 * 2
    by_10, by_11 = 2.0 * (1 + 1) * 1.0 / a, 2.0 * (1 + 4) * 0.5 / a
    named, rest = rows
    assert (named["user_id"], named["item_ix"], named["reason"], named["because_item_ix"]) == ("ann", 12, 1, 11)
    assert (named["contribution"], named["strength"], named["because_count"]) == (pytest.approx(by_11), 4.0, 1)
    assert (rest["reason"], rest["because_item_ix"], rest["strength"], rest["score_without"]) == (2, None, None, None)
    assert (rest["contribution"], rest["because_count"]) == (pytest.approx(by_10), 1)


def test_a_score_without_the_item_is_solved_anew():
    (row, _) = explained(users(("ann", [12], had(i10=1.0, i11=4.0))), top_m=1)

    assert row["score_without"] == pytest.approx(2.0 * (1 + 1) * 1.0 / (GRAM + 1 * 1.0 + 0.1))


def test_an_only_item_leaves_no_rest_and_no_score_without_it():
    (row,) = explained(users(("ann", [12], had(i10=1.0))), top_m=3)

    assert (row["reason"], row["because_item_ix"], row["score_without"]) == (1, 10, None)


def test_lists_of_different_lengths_and_items_without_factors_keep_their_users():
    batch = users(
        ("ann", [12, 11], had(i10=1.0, i99=5.0)), ("ben", [10], had(i12=2.0, i11=1.0)), ("eve", [], had(i12=2.0))
    )

    rows = explained(batch, top_m=2)

    found = sorted((row["user_id"], row["item_ix"], row["because_item_ix"]) for row in rows)
    assert found == [("ann", 11, 10), ("ann", 12, 10), ("ben", 10, 11), ("ben", 10, 12)]


def test_a_list_that_names_an_item_twice_is_refused():
    with pytest.raises(ContractError, match=r"recommendations\.explanations: a list names an item twice"):
        explained(users(("ann", [12, 11, 12], had(i10=1.0)), ("ben", [10], had(i12=2.0))), top_m=1)


def test_a_list_that_names_an_item_twice_fails_as_any_table_with_two_rows_of_a_key(spark):
    lists = spark.createDataFrame([(7, 12), (7, 12)], "user_ix int, item_ix int")
    histories = spark.createDataFrame(
        [(7, [(10, 1.0)])], "user_ix int, history array<struct<item_ix int, strength float>>"
    )
    people = spark.createDataFrame([(7, "ann")], "user_ix int, user_id string")

    with pytest.raises(DuplicateKeyError, match=r"Nothing was written"), key_errors_of(EXPLANATIONS):
        explain_lists(lists, histories, people, SPACE, top_m=1).collect()


def test_rows_get_their_ids_and_the_rest_none(spark):
    lists = spark.createDataFrame([(7, 12)], "user_ix int, item_ix int")
    schema = "user_ix int, history array<struct<item_ix int, strength float>>"
    histories = spark.createDataFrame([(7, [(10, 1.0), (11, 4.0)]), (8, [(10, 1.0)])], schema)
    people = spark.createDataFrame([(7, "ann"), (8, "ben")], "user_ix int, user_id string")
    things = spark.createDataFrame([(10, "cap"), (11, "coat"), (12, "bag")], "item_ix int, item_id string")

    reasons = explain_lists(lists, histories, people, SPACE, top_m=1)
    rows = name_explanations(reasons, things).orderBy("reason").collect()

    named = [(row.user_id, row.item_id, row.reason, row.because_item_id, row.because_count) for row in rows]
    assert named == [("ann", "bag", 1, "coat", 1), ("ann", "bag", 2, None, 1)]
