import pytest
from pyspark.sql import DataFrame, SparkSession

from lakerec.errors import ContractError
from lakerec.gold.register import HIGHEST_IX, fit_room, number_new_ids
from lakerec.gold.user_index import USER_INDEX
from lakerec.silver.events import EVENTS
from tests.records import at, rows_of


def acts(spark: SparkSession, *who_and_when: tuple) -> DataFrame:
    return rows_of(spark, EVENTS, [{"user_id": user, "occurred_at": moment} for user, moment in who_and_when])


def known(spark: SparkSession, **numbers: int) -> DataFrame:
    return rows_of(spark, USER_INDEX, [{"user_id": user, "user_ix": ix} for user, ix in numbers.items()])


def numbered(events: DataFrame, register: DataFrame) -> dict[str, int]:
    return {row.user_id: row.user_ix for row in number_new_ids(events, register, USER_INDEX).collect()}


def test_ids_are_numbered_from_0_by_their_first_event_then_by_id(spark):
    events = acts(spark, ("cem", at(1)), ("bob", at(2)), ("ann", at(2)), ("bob", at(3)), (None, at(1)))

    assert numbered(events, known(spark)) == {"cem": 0, "ann": 1, "bob": 2}


def test_new_ids_are_numbered_on_and_known_ones_are_left_alone(spark):
    events = acts(spark, ("ann", at(1)), ("dora", at(2)), ("bob", at(1)))

    assert numbered(events, known(spark, bob=7, cem=3)) == {"ann": 8, "dora": 9}


def test_events_of_known_ids_or_no_events_add_nothing(spark):
    assert numbered(acts(spark, ("ann", at(1))), known(spark, ann=0)) == {}
    assert numbered(acts(spark), known(spark)) == {}
    assert fit_room(number_new_ids(acts(spark), known(spark), USER_INDEX), USER_INDEX) == 0


def test_the_last_integer_is_given_and_none_beyond_it(spark):
    register = known(spark, first=HIGHEST_IX - 1)
    one_more = number_new_ids(acts(spark, ("ann", at(1))), register, USER_INDEX)
    two_more = number_new_ids(acts(spark, ("ann", at(1)), ("bob", at(1))), register, USER_INDEX)

    assert fit_room(one_more, USER_INDEX) == 1
    with pytest.raises(ContractError, match=r"gold.user_index: 2 new ids would be numbered up to 2147483648, beyond"):
        fit_room(two_more, USER_INDEX)
