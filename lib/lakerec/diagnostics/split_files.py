"""Splits that others have published: files of (user, item) pairs, and of candidates to rank, as frames of integers.

Fields are separated by `::`, a tab, a semicolon, a comma or a space; ids are any text. A line that names columns is
left out. A further field can be taken as strength; what else a line holds is not looked at.
"""

from typing import NamedTuple

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakerec.errors import ContractError

SEPARATORS = ("::", "\t", ";", ",")
_USER_NAMES = ("user", "userid", "uid", "session", "sessionid", "visitorid", "customerid", "reviewerid", "usertoken")
_ITEM_NAMES = ("item", "itemid", "iid", "movieid", "movie", "productid", "product", "asin", "itemtoken", "sid", "aid")


class PublishedSplit(NamedTuple):
    """A split, its ids as integers.

    Attributes:
        train, validation, test: user_ix, item_ix, strength. One row per pair.
        candidates: user_ix, candidates array<int>; None where every item is ranked.
        item_index: item_id, item_ix, in order of item_id.
        user_index: user_id, user_ix, likewise.
    """

    train: DataFrame
    validation: DataFrame
    test: DataFrame
    candidates: DataFrame | None
    item_index: DataFrame
    user_index: DataFrame


def parse_pairs(lines: DataFrame, separator: str, strength_field: int | None) -> DataFrame:
    """Pairs as written.

    Args:
        lines: value string; one row per line of the file.
        separator: one of SEPARATORS.
        strength_field: which field, from 1, is the strength; None: every pair has strength 1.

    Returns:
        user_id, item_id (null where a line has no second field), strength double. One row per line with any text.
    """
    fields = F.split("value", f"\\Q{separator}\\E")
    own = F.lit(1.0) if strength_field is None else _field(fields, strength_field).try_cast("double")
    parsed = lines.where(F.trim("value") != "").select(
        _field(fields, 1).alias("user_id"), _field(fields, 2).alias("item_id"), own.alias("strength")
    )
    is_header = _bare("user_id").isin(*_USER_NAMES) & _bare("item_id").isin(*_ITEM_NAMES)
    return parsed.where(~F.coalesce(is_header, F.lit(False)))


def parse_candidates(lines: DataFrame, separator: str) -> DataFrame:
    """Candidates as written: the user, then the items to rank.

    Returns:
        user_id, item_ids array<string>. One row per line with any text.
    """
    fields = F.transform(F.split("value", f"\\Q{separator}\\E"), lambda field: F.trim(field))
    named = F.filter(fields, lambda field: field != "")
    return lines.where(F.trim("value") != "").select(
        F.get(named, F.lit(0)).alias("user_id"),
        F.slice(named, F.lit(2), F.greatest(F.size(named) - 1, F.lit(0))).alias("item_ids"),
    )


def separator_of(line: str) -> str:
    """What separates the fields of a line; a space where nothing else does.

    Raises:
        ContractError: nothing does.
    """
    found = next((separator for separator in (*SEPARATORS, " ") if separator in line.strip()), None)
    if found is None:
        raise ContractError(
            f"'{line[:80]}': holds no separator. Separate user and item by '::', tab, ';', ',' or space."
        )
    return found


def index_split(
    train: DataFrame, validation: DataFrame, test: DataFrame, candidates: DataFrame | None
) -> PublishedSplit:
    """Give ids their integers, and each pair one row, with the largest of its strengths.

    Args:
        train, validation, test: user_id, item_id, strength.
        candidates: see `parse_candidates`.
    """
    pairs = train.unionByName(validation).unionByName(test)
    listed = pairs.select("item_id")
    if candidates is not None:
        listed = listed.unionByName(candidates.select(F.explode("item_ids").alias("item_id")))
    items, users = _numbered(listed, "item_id", "item_ix"), _numbered(pairs, "user_id", "user_ix")

    def integers(frame: DataFrame) -> DataFrame:
        known = frame.join(users, on="user_id", how="inner").join(items, on="item_id", how="inner")
        return known.groupBy("user_ix", "item_ix").agg(F.max("strength").cast("float").alias("strength"))

    return PublishedSplit(
        integers(train),
        integers(validation),
        integers(test),
        None if candidates is None else _candidate_integers(candidates, users, items),
        items,
        users,
    )


def _candidate_integers(candidates: DataFrame, users: DataFrame, items: DataFrame) -> DataFrame:
    each = candidates.select("user_id", F.explode("item_ids").alias("item_id"))
    named = each.join(users, on="user_id", how="inner").join(items, on="item_id", how="inner")
    return named.groupBy("user_ix").agg(F.collect_set("item_ix").alias("candidates"))


def _numbered(frame: DataFrame, id_name: str, ix_name: str) -> DataFrame:
    ids = frame.select(id_name).distinct()
    return ids.withColumn(ix_name, (F.row_number().over(Window.orderBy(id_name)) - 1).cast("int"))


def _bare(name: str) -> SparkColumn:
    """A column's name as everybody spells it: `userID`, `user_id`, `User-Id`."""
    return F.lower(F.regexp_replace(name, r"[^A-Za-z0-9]", ""))


def _field(fields: SparkColumn, nth: int) -> SparkColumn:
    return F.nullif(F.trim(F.get(fields, F.lit(nth - 1)), F.lit(' "\r\t')), F.lit(""))
