import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from lakerec.bronze.columns import READ_SCHEMA, accepted_batch, file_batch, malformed_batch
from lakerec.bronze.files import COUNTS
from lakerec.bronze.formats import Malformed, read_records
from lakerec.bronze.mapping import JsonLinesFormat, Source

FIELDS = {"event_id": "id", "item_id": "item", "price": "price", "action": "what", "occurred_at": "when"}


def a_source(**events: Any) -> Source:
    mapping = {"files": ["*"], "fields": FIELDS, "time": {"format": "iso"}, **events}
    items = {
        "files": ["*"],
        "fields": {"item_id": "sku", "attributes": "more", "changed_at": "since"},
        "time": {"format": "iso"},
    }
    return Source.model_validate({"name": "here", "format": {"kind": "jsonl"}, "events": mapping, "items": items})


def rows(*lines: str, source: Source, kind: str = "event") -> list[dict[str, Any]]:
    [records] = read_records(["".join(f"{line}\n" for line in lines).encode()], JsonLinesFormat(kind="jsonl"))
    return accepted_batch(records, source, kind, "f1", Counter()).to_pylist()


def test_an_event_keeps_its_values_as_delivered_under_our_names():
    line = '{"id": "e1", "item": 7, "price": 12.5, "what": "view", "when": "2024-03-01T10:00:00Z", "b": [1], "a": null}'

    [row] = rows(line, source=a_source())

    given = {name: value for name, value in row.items() if value is not None}
    assert given == {
        "kind": "event",
        "file_id": "f1",
        "line_number": 1,
        "record_number": 1,
        "raw": line.encode(),
        "at": datetime(2024, 3, 1, 10, tzinfo=UTC),
        "event_id": "e1",
        "item_id": "7",
        "price": "12.5",
        "action": "view",
        "occurred_at": "2024-03-01T10:00:00Z",
        "rescued": '{"a":null,"b":[1]}',
    }


@pytest.mark.parametrize("value", ["null", '""'])
def test_absent_null_and_empty_values_are_null(value):
    [absent, present] = rows('{"id": "e1"}', f'{{"id": "e1", "item": {value}, "when": {value}}}', source=a_source())

    assert absent["item_id"] is absent["occurred_at"] is absent["at"] is absent["rescued"] is None
    assert present["item_id"] is present["occurred_at"] is present["at"] is None


@pytest.mark.parametrize(
    ("delivered", "kept"),
    [
        ("17850.0", "17850.0"),
        ("true", "true"),
        ("0", "0"),
        ("false", "false"),
        ('{"b":1,"a":"x"}', '{"a":"x","b":1}'),
        ("18446744073709551615", "18446744073709551615"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_values_that_are_no_strings_are_their_json(delivered, kept):
    [text, row] = rows('{"item": "a string"}', f'{{"item": {delivered}}}', source=a_source())

    assert text["item_id"] == "a string"
    assert row["item_id"] == kept


def test_actions_follow_values_then_prefixes_then_the_default():
    rule = {"values": {"pv": "view"}, "prefixes": {"C": "return", "A": "adjustment"}, "default": "purchase"}
    delivered = ["pv", "C536", "A1", "536", "c536", None]

    found = rows(*[json.dumps({"what": value}) for value in delivered], source=a_source(action=rule))

    assert [row["action"] for row in found] == ["view", "return", "adjustment", "purchase", "purchase", None]


def test_without_a_default_an_action_nobody_mapped_stays_as_delivered():
    [row] = rows('{"what": "ponder"}', source=a_source(action={"values": {"pv": "view"}}))

    assert row["action"] == "ponder"


def test_a_source_of_one_action_needs_no_field_for_it():
    fields = {name: theirs for name, theirs in FIELDS.items() if name != "action"}

    [row] = rows('{"what": "x"}', source=a_source(fields=fields, action={"default": "view"}))

    assert row["action"] == "view"
    assert row["rescued"] == '{"what":"x"}'


def test_a_made_id_tells_equal_lines_of_a_file_apart_and_is_the_same_in_the_next_file():
    fields = {name: theirs for name, theirs in FIELDS.items() if name != "event_id"}
    source = a_source(fields=fields, identity={"fields": ["item", "when"]})
    line, other = '{"item": "a", "when": "t", "note": 1}', '{"item": "b", "when": "t", "note": 1}'

    once = [row["event_id"] for row in rows(line, other, line, source=source)]
    again = [row["event_id"] for row in rows(other, line, source=source)]

    assert len(set(once)) == 3
    assert again == [once[1], once[0]]
    assert all(len(event_id) == 64 for event_id in once)


def test_one_field_may_fill_two_columns():
    fields = {**FIELDS, "session_id": "id"}

    [row] = rows('{"id": "536365"}', source=a_source(fields=fields))

    assert (row["event_id"], row["session_id"], row["rescued"]) == ("536365", "536365", None)


def test_a_catalogue_record_keeps_its_attributes_as_sorted_json():
    line = '{"sku": "i1", "more": {"size": "M", "colour": "blue"}, "since": "2024-03-01T00:00:00Z"}'

    [row] = rows(line, source=a_source(), kind="item")

    assert (row["kind"], row["item_id"]) == ("item", "i1")
    assert row["attributes"] == '{"colour":"blue","size":"M"}'
    assert row["at"] == datetime(2024, 3, 1, tzinfo=UTC)


def test_a_constant_fills_its_column_in_every_record():
    found = rows('{"id": "e1"}', '{"id": "e2"}', source=a_source(constants={"surface": "app"}))

    assert [(row["event_id"], row["surface"]) for row in found] == [("e1", "app"), ("e2", "app")]


def test_records_of_an_exploded_line_share_its_number_and_the_first_has_its_bytes():
    fields = {"session_id": "s", "item_id": "e.aid", "occurred_at": "e.ts"}
    source = a_source(
        fields=fields, identity={"fields": ["s", "e.aid"]}, action={"default": "view"}, time={"format": "epoch_s"}
    )
    source = source.model_copy(update={"format": JsonLinesFormat(kind="jsonl", explode="e")})
    line = b'{"s": 1, "note": "n", "e": [{"aid": 18446744073709551616, "ts": 5}, {"aid": 8, "ts": 6, "x": true}]}'
    [records] = read_records([line], source.format, source.required_fields("event"))

    first, second = accepted_batch(records, source, "event", "f1", Counter()).to_pylist()

    assert [(row["line_number"], row["record_number"], row["raw"]) for row in (first, second)] == [
        (1, 1, line),
        (1, 2, None),
    ]
    assert [(row["session_id"], row["item_id"], row["at"].second) for row in (first, second)] == [
        ("1", "18446744073709551616", 5),
        ("1", "8", 6),
    ]
    assert (first["rescued"], second["rescued"]) == ('{"note":"n"}', '{"e":{"x":true}}')
    assert first["event_id"] != second["event_id"]


def test_malformed_lines_and_the_files_own_row_have_the_same_columns():
    malformed = malformed_batch([Malformed(3, b"\xff", "not UTF-8")], "f1")
    file = file_batch("f1", "abc", None, dict.fromkeys(COUNTS, 2))

    [bad], [whole] = malformed.to_pylist(), file.to_pylist()
    assert malformed.schema == file.schema == READ_SCHEMA
    assert (bad["kind"], bad["line_number"], bad["raw"], bad["reason"]) == ("malformed", 3, b"\xff", "not UTF-8")
    assert (whole["kind"], whole["content_hash"], whole["line_count"], whole["reason"]) == ("file", "abc", 2, None)
