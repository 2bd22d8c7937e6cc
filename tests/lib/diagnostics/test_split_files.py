"""Files of pairs in the forms in which they are published."""

import pytest

from lakerec.diagnostics.split_files import index_split, parse_candidates, parse_pairs, separator_of
from lakerec.errors import ContractError


def read(spark, *lines, strength=None):
    pairs = parse_pairs(
        spark.createDataFrame([(line,) for line in lines], "value string"), separator_of(lines[0]), strength
    )
    return [tuple(row) for row in pairs.collect()]


@pytest.mark.parametrize(
    ("line", "separator"), [("1::2::5::99", "::"), ("1\t2\t3", "\t"), ("u 1,i 2", ","), ("1;2", ";"), ("1 2 0.5", " ")]
)
def test_the_separator_is_seen_from_a_line(line, separator):
    assert separator_of(line) == separator


def test_a_line_without_a_separator_is_refused_by_name():
    with pytest.raises(ContractError, match="'17': holds no separator"):
        separator_of("17")


def test_pairs_come_with_or_without_header_and_with_any_ids(spark):
    assert read(spark, "userID,itemID", "A2HD,B001", " 17 , 4 ", "") == [("A2HD", "B001", 1.0), ("17", "4", 1.0)]
    assert read(spark, "1::2::5::978300760") == [("1", "2", 1.0)]
    assert read(spark, "user_7\titem_9") == [("user_7", "item_9", 1.0)]
    assert read(spark, '"u","i"', '"x","y"') == [("u", "i", 1.0), ("x", "y", 1.0)]


def test_a_field_can_be_the_strength_and_what_is_lacking_is_null(spark):
    assert read(spark, "1::2::4.5::99", "1::3::x::99", "1", strength=3) == [
        ("1", "2", 4.5),
        ("1", "3", None),
        ("1", None, None),
    ]


def test_candidates_are_the_user_and_then_the_items(spark):
    lines = spark.createDataFrame([("u1,a,b",), ("u2, b , c",), ("u3",)], "value string")

    found = [tuple(row) for row in parse_candidates(lines, ",").collect()]

    assert found == [("u1", ["a", "b"]), ("u2", ["b", "c"]), ("u3", [])]


def test_ids_get_integers_in_their_order_and_pairs_stand_once(spark):
    def pairs(*rows):
        return spark.createDataFrame(rows, "user_id string, item_id string, strength double")

    candidates = spark.createDataFrame([("v", ["c", "a", "zz"])], "user_id string, item_ids array<string>")
    split = index_split(
        pairs(("u", "b", 1.0), ("u", "b", 4.0)), pairs(("v", "a", 1.0)), pairs(("u", "c", 1.0)), candidates
    )

    assert [tuple(row) for row in split.train.collect()] == [(0, 1, 4.0)]
    assert [tuple(row) for row in split.validation.collect()] == [(1, 0, 1.0)]
    assert [tuple(row) for row in split.test.collect()] == [(0, 2, 1.0)]
    assert {row.item_id: row.item_ix for row in split.item_index.collect()} == {"a": 0, "b": 1, "c": 2, "zz": 3}
    assert [(row.user_ix, sorted(row.candidates)) for row in split.candidates.collect()] == [(1, [0, 2, 3])]
