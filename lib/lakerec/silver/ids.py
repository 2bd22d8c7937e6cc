"""Ids: one spelling for an id however it was delivered.

The rule, for ids of events, users, sessions, items and lists: white space around an id is no part of it, an id is in
Unicode's normal form C, and an id of nothing is null. Everything else counts: case, inner spaces, leading zeros, and
letters that only look alike. The delivered spelling stays in bronze.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakerec.contract import Expectation

IDS = ("event_id", "user_id", "session_id", "item_id", "list_id")
# All characters that Unicode calls white space.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# SQL has no function for normal forms; Spark's own jars hold ICU, where the second argument means "compatible forms".
NORMALIZER = ("com.ibm.icu.text.Normalizer", "compose")
# Nearly all ids are visible ASCII characters alone, and stay as they are: a glance tells, where the rest takes a while.
# Not `$`, which would let a line feed follow.
PLAIN = r"^[!-~]+\z"


def tidy_id(name: str) -> Column:
    """An id column by the rule of this module."""
    trimmed = F.btrim(F.col(name), F.lit(WHITE_SPACE))
    is_ascii = F.octet_length(trimmed) == F.char_length(trimmed)
    composed = F.reflect(*[F.lit(part) for part in NORMALIZER], trimmed, F.lit(False))
    spelled = F.when(trimmed != "", F.when(is_ascii, trimmed).otherwise(composed))
    return F.when(F.col(name).rlike(PLAIN), F.col(name)).otherwise(spelled)


def in_namespace(name: str) -> Column:
    """A tidy id column as `<namespace>:<id>`, or alone where its source has no namespace."""
    namespace, tidy = tidy_id("id_namespace"), tidy_id(name)
    return F.when(namespace.isNull(), tidy).otherwise(F.concat(namespace, F.lit(":"), tidy)).alias(name)


def has_short_ids(names: tuple[str, ...], max_bytes: int) -> Expectation:
    """No id is longer than `max_bytes` as UTF-8; ids that are missing are short."""
    longest = ", ".join(f"octet_length({name})" for name in names)
    condition = f"greatest({longest})" if len(names) > 1 else longest
    return Expectation("has ids that are not too long", f"{condition} <= {max_bytes}", null_passes=True)
