"""The rows that take a recommendation apart."""

import numpy as np
import pyarrow as pa
import pytest

from lakerec.errors import ContractError, DuplicateKeyError
from lakerec.mapped_rows import MappedRows
from lakerec.model.fold_in import Space, Weights
from lakerec.model.scorer import ItemSide
from lakerec.recommendations.explanations import EXPLANATIONS, explainer, gather_explained

# items 10, 11, 12 of one factor each; they stand in order of item_id, which is not that of their integers
ITEMS = ItemSide(np.array([12, 10, 11], np.int32), np.array([[2.0], [1.0], [0.5]], np.float32))
ITEM_IDS = pa.array(["bag", "cap", "coat"])
SPACE = Space(ITEMS, Weights(alpha=1.0, reg_param=0.1))
LISTS = "user_id string, user_ix int, item_ix int"
HISTORIES = "user_ix int, history array<struct<item_ix int, strength float>>"
GRAM = 2.0**2 + 1.0**2 + 0.5**2


def users(*rows):
    entry = pa.struct([("item_ix", pa.int32()), ("strength", pa.float32())])
    fields = [("user_id", pa.string()), ("listed", pa.list_(pa.int32())), ("history", pa.list_(entry))]
    names = ("user_id", "listed", "history")
    return pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in rows], pa.schema(fields))


def had(**strengths):
    return [{"item_ix": int(name[1:]), "strength": strength} for name, strength in strengths.items()]


def explained(batch, top_m):
    return [row for part in explainer(SPACE, ITEM_IDS, top_m)([batch]) for row in part.to_pylist()]


def test_each_named_item_has_a_row_and_the_rest_is_summed_in_one():
    rows = explained(users(("ann", [12], had(i10=1.0, i11=4.0, i12=-2.0))), top_m=1)

    a = GRAM + 1 * 1.0 + 4 * 0.25 + 2 * 4.0 + 0.1 * 2
    by_10, by_11 = 2.0 * (1 + 1) * 1.0 / a, 2.0 * (1 + 4) * 0.5 / a
    named, rest = rows
    assert (named["user_id"], named["item_id"], named["reason"], named["because_item_id"]) == ("ann", "bag", 1, "coat")
    assert (named["contribution"], named["strength"], named["because_count"]) == (pytest.approx(by_11), 4.0, 1)
    assert (rest["reason"], rest["because_item_id"], rest["strength"], rest["score_without"]) == (2, None, None, None)
    assert (rest["contribution"], rest["because_count"]) == (pytest.approx(by_10), 1)


def test_a_score_without_the_item_is_solved_anew():
    (row, _) = explained(users(("ann", [12], had(i10=1.0, i11=4.0))), top_m=1)

    assert row["score_without"] == pytest.approx(2.0 * (1 + 1) * 1.0 / (GRAM + 1 * 1.0 + 0.1))


def test_an_only_item_leaves_no_rest_and_no_score_without_it():
    (row,) = explained(users(("ann", [12], had(i10=1.0))), top_m=3)

    assert (row["reason"], row["because_item_id"], row["score_without"]) == (1, "cap", None)


def test_lists_of_different_lengths_and_items_without_factors_keep_their_users():
    batch = users(
        ("ann", [12, 11], had(i10=1.0, i99=5.0)), ("ben", [10], had(i12=2.0, i11=1.0)), ("eve", [], had(i12=2.0))
    )

    rows = explained(batch, top_m=2)

    found = sorted((row["user_id"], row["item_id"], row["because_item_id"]) for row in rows)
    assert found == [("ann", "bag", "cap"), ("ann", "coat", "cap"), ("ben", "cap", "bag"), ("ben", "cap", "coat")]


def test_a_list_that_names_an_item_twice_is_refused():
    with pytest.raises(ContractError, match=r"recommendations\.explanations: a list names an item twice"):
        explained(users(("ann", [12, 11, 12], had(i10=1.0)), ("ben", [10], had(i12=2.0))), top_m=1)


def test_a_list_that_names_an_item_twice_fails_as_any_table_with_two_rows_of_a_key(lake):
    lists = lake.spark.createDataFrame([("ann", 7, 12), ("ann", 7, 12)], LISTS)
    histories = lake.spark.createDataFrame([(7, [(10, 1.0)])], HISTORIES)
    rows = MappedRows(gather_explained(lists, histories), explainer(SPACE, ITEM_IDS, 1), EXPLANATIONS, "b1")

    with pytest.raises(DuplicateKeyError, match=r"Nothing was written"):
        lake.replace_partition(EXPLANATIONS, "b1", rows)


def test_users_are_explained_by_their_own_history(lake):
    lists = lake.spark.createDataFrame([("ann", 7, 12), ("ann", 7, 10), ("eve", 9, 12)], LISTS)
    histories = lake.spark.createDataFrame([(7, [(10, 1.0), (11, 4.0)]), (8, [(10, 1.0)])], HISTORIES)

    gathered = gather_explained(lists, histories)
    lake.replace_partition(EXPLANATIONS, "b1", MappedRows(gathered, explainer(SPACE, ITEM_IDS, 1), EXPLANATIONS, "b1"))

    rows = lake.read(EXPLANATIONS).where("item_id = 'bag'").orderBy("reason").collect()
    named = [(row.batch_id, row.user_id, row.reason, row.because_item_id, row.because_count) for row in rows]
    assert named == [("b1", "ann", 1, "coat", 1), ("b1", "ann", 2, None, 1)]
    assert {row.user_id for row in lake.read(EXPLANATIONS).collect()} == {"ann"}
