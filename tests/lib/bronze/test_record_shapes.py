import json

import orjson

from lakerec.bronze.record_shapes import shape_of
from tests.records import a_record, shapes_of


def test_every_path_of_a_record_has_its_type():
    record = {
        "a": 2.5,
        "b": {"c d": "text", "e": None},
        "f": [{"g": True}, {"g": False, "h": 1}],
        "i": {},
        "j:k": [1, "text", None],
        "l": [],
    }

    assert json.loads(shape_of(record)) == [
        ["", "object"],
        ["a", "number"],
        ["b", "object"],
        ["b.c d", "string"],
        ["f", "array"],
        ["f[]", "object"],
        ["f[].g", "boolean"],
        ["f[].h", "number"],
        ["i", "object"],
        ["j:k", "array"],
        ["j:k[]", "mixed"],
        ["l", "array"],
    ]


def test_a_record_as_deep_as_bronze_takes_it_has_a_shape():
    deepest = orjson.loads('{"a":' * 1000 + "1" + "}" * 1000)

    assert len(json.loads(shape_of(deepest))) == 1001


def test_records_of_one_shape_are_counted_together_however_they_are_written(spark):
    raws = [
        b'{"a":"x","b":1}',
        b' { "b" : -2.5, "a" : "" }',
        b'{"a":"\\u00e9","b":0}',
        '{"a":"é","b":1e3}'.encode(),
        b'{"a":"x",\n"b":1}',
        b'{"a":"x","b":1,"c":null}',
        b'{"a":"x","b":true}',
        b'{"a":"x","b":[]}',
    ]

    rows = shapes_of(spark, [a_record(f"e{n}", raw=raw) for n, raw in enumerate(raws)]).collect()

    assert {row.shape: row.record_count for row in rows} == {
        shape_of({"a": "x", "b": 1}): 6,
        shape_of({"a": "x", "b": True}): 1,
        shape_of({"a": "x", "b": []}): 1,
    }
