import unicodedata

import pytest

from lakerec.silver.ids import WHITE_SPACE, has_short_ids, in_namespace, tidy_id

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def test_white_space_around_an_id_and_its_unicode_form_do_not_tell_it_apart(spark):
    spelled = [COMPOSED, DECOMPOSED, f" {COMPOSED}", f"\u3000{DECOMPOSED}\t\n", f"\xa0{COMPOSED}\u2009"]

    ids = spark.createDataFrame([(text,) for text in spelled], "user_id string").select(tidy_id("user_id"))

    assert [row[0] for row in ids.collect()] == [COMPOSED] * 5


def test_every_white_space_goes_from_either_end_of_a_plain_id(spark):
    spelled = [text for blank in WHITE_SPACE for text in (f"{blank}i1", f"i1{blank}", f"i1\r{blank}")]

    ids = spark.createDataFrame([(text,) for text in spelled], "user_id string").select(tidy_id("user_id"))

    assert {row[0] for row in ids.collect()} == {"i1"}


def test_everything_else_tells_ids_apart(spark):
    kept = ["a b", "A", "a", "007", "7", "\ufb01t", "fit", "\u0430", "0.0", "\x00", "a\x00", "\ufeffa"]

    ids = spark.createDataFrame([(text,) for text in kept], "user_id string").select(tidy_id("user_id"))

    assert [row[0] for row in ids.collect()] == kept


def test_an_id_of_nothing_is_null(spark):
    nothing = ["", " ", WHITE_SPACE, None]

    ids = spark.createDataFrame([(text,) for text in nothing], "user_id string").select(tidy_id("user_id"))

    assert [row[0] for row in ids.collect()] == [None] * 4


def test_white_space_is_what_unicode_calls_so():
    separators = {c for c in map(chr, range(0x110000)) if unicodedata.category(c).startswith("Z")}

    assert set(WHITE_SPACE) == separators | set("\t\n\v\f\r\x85")


def test_a_namespace_stands_before_the_id_and_alone_it_is_none(spark):
    rows = [("uk", " A "), ("", "A"), (None, "A"), ("uk", " "), ("uk", None)]

    ids = spark.createDataFrame(rows, "id_namespace string, item_id string").select(in_namespace("item_id"))

    assert [row.item_id for row in ids.collect()] == ["uk:A", "A", "A", None, None]


@pytest.mark.parametrize(("names", "short"), [(("a",), [True, True, None]), (("a", "b"), [True, False, True])])
def test_the_longest_id_is_measured_in_bytes(spark, names, short):
    rows = [("abcd", "x"), ("abc", "\u00e9\u00e9\u00e9"), (None, "abc")]

    lengths = spark.createDataFrame(rows, "a string, b string").selectExpr(has_short_ids(names, 4).condition)

    assert [row[0] for row in lengths.collect()] == short
