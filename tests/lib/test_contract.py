"""What a declaration gives, and what it refuses."""

from dataclasses import replace

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from lakerec.contract import Column, Settings, Table, Write, conform
from lakerec.errors import SchemaMismatchError

PAIRS = Table(
    name="gold.pairs",
    comment="One row per pair.",
    columns=(Column("user_ix", T.IntegerType(), "User."), Column("strength", T.FloatType(), "Strength.")),
    key=("user_ix",),
    write=Write.REPLACE,
)


class Knob(Settings):
    turns: int


def test_a_table_s_name_gives_its_layer_and_its_folder() -> None:
    assert (PAIRS.layer, PAIRS.path, PAIRS.names) == ("gold", "gold/pairs", ["user_ix", "strength"])


def test_only_the_columns_that_a_table_names_are_indexed_in_its_log() -> None:
    indexed = replace(PAIRS, indexed=("user_ix", "strength"))

    by_day = replace(PAIRS, write=Write.REPLACE_DAYS)

    always = {"checkpointInterval": "10"}
    assert PAIRS.properties == {**always, "dataSkippingNumIndexedCols": "0"}
    assert indexed.properties == {**always, "dataSkippingStatsColumns": "user_ix,strength"}
    assert by_day.properties == {**always, "autoOptimize.optimizeWrite": "true"}


def test_a_frame_takes_the_declared_order_and_comments(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(0.5, 1)], "strength float, user_ix int")

    conformed = conform(frame, PAIRS)

    assert conformed.columns == ["user_ix", "strength"]
    assert conformed.schema["strength"].metadata == {"comment": "Strength."}


def test_every_difference_from_the_declaration_is_listed_at_once(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(0.5, 1)], "strength double, other int")

    with pytest.raises(SchemaMismatchError) as refused:
        conform(frame, PAIRS)

    assert str(refused.value) == (
        "gold.pairs: missing columns ['user_ix'], undeclared ['other'], retyped ['strength double, not float']. "
        "Change the transform, or the declaration and all who read it."
    )


def test_settings_are_frozen_and_refuse_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Knob.model_validate({"turns": 1, "tuns": 2})
    with pytest.raises(ValidationError, match="frozen"):
        Knob(turns=1).turns = 2
