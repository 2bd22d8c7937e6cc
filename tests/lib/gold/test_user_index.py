from lakerec.gold.user_index import USER_INDEX
from lakerec.lakehouse import Lakehouse
from tests.records import rows_of


def test_users_are_appended_and_keep_their_integers(spark, lake: Lakehouse):
    lake.append(USER_INDEX, rows_of(spark, USER_INDEX, [{"user_id": "ann", "user_ix": 0}]))
    lake.append(USER_INDEX, rows_of(spark, USER_INDEX, [{"user_id": "bob", "user_ix": 1}]))

    assert sorted(lake.read(USER_INDEX).collect()) == [("ann", 0), ("bob", 1)]
