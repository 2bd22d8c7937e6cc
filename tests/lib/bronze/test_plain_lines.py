"""Plain lines are read as a parser would have read them, whatever stands beside them."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.columns import accepted_batch, plain_batch
from lakerec.bronze.formats import read_records
from lakerec.bronze.mapping import Source
from lakerec.bronze.plain_lines import part_lines

SOURCE = Source.model_validate(
    {
        "name": "here",
        "format": {"kind": "jsonl"},
        "events": {
            "files": ["*"],
            "fields": {"event_id": "id", "item_id": "item", "item_name": "item", "occurred_at": "when"},
            "constants": {"surface": "home"},
            "time": {"format": "iso"},
            "action": {"values": {"x": "view"}, "default": "cart"},
        },
    }
)


def read(data: bytes, cut: int, limit: int | None, *, is_glanced_at: bool) -> tuple[list[dict[str, Any]], list[Any]]:
    """Accepted rows in the order of their lines; malformed ones, and the counts."""
    chunks = (data[at : at + cut] for at in range(0, len(data), cut))
    fields = SOURCE.plain_fields("event") if is_glanced_at else ()
    rows, malformed, counts = [], [], Counter[str]()
    for records in read_records(chunks, SOURCE.format, SOURCE.required_fields("event"), limit, fields):
        if records.plain:
            rows += plain_batch(records.plain, SOURCE, "event", "f1").to_pylist()
        rows += accepted_batch(records, SOURCE, "event", "f1", Counter()).to_pylist()
        malformed += records.malformed
        counts += Counter(
            blank=records.blank_count,
            accepted=records.accepted_line_count,
            malformed=records.malformed_line_count,
            repeated=records.duplicate_key_count,
        )
    return sorted(rows, key=lambda row: row["line_number"]), [malformed, counts]


def test_plain_lines_become_columns_and_the_others_are_told_with_their_numbers():
    plain, others = part_lines(b'{"a":1}\n{"a":[]}\n\n{"b":"","c":2,"a":"x"}\n', 7, ["a", "b"])

    assert plain.numbers.tolist() == [7, 10]
    assert plain.raws.to_pylist() == [b'{"a":1}', b'{"b":"","c":2,"a":"x"}']
    assert {name: texts.to_pylist() for name, texts in plain.texts.items()} == {"a": ["1", "x"], "b": [None, None]}
    assert plain.others.to_pylist() == [None, '{"c":2}']
    assert others == [(8, b'{"a":[]}'), (9, b"")]


@pytest.mark.parametrize("text", [b"", b"\n", b"[]\n"])
def test_a_text_may_have_no_plain_line(text):
    plain, others = part_lines(text, 1, ["a"])

    assert plain.numbers.tolist() == plain.raws.to_pylist() == []
    assert others == ([(1, text[:-1])] if text else [])


MEMBERS = st.tuples(
    st.sampled_from(['"id"', '"item"', '"when"', '"action"', '"x"', '"é"', '"\\u0069d"', '"i d"']),
    st.sampled_from([":", " : ", ":\t", ""]),
    st.sampled_from(
        [
            *('"e1"', '""', '"a b"', '"\\""', '"é"', '"\x01"', "null", "true", "false", "{}", '[{"id":1}]', "nul"),
            *(
                "0",
                "-0",
                "7",
                "-7",
                "007",
                "12345678901234567890",
                "1.5",
                "2.50",
                "3.00",
                "1e3",
                "0.00001",
                "-0.0",
                "1.",
            ),
            *("0.1234567890123456789", '"2024-03-01T10:00:00Z"', '"2024-13-01"', "1709287200"),
        ]
    ),
)
LINES = st.one_of(
    st.tuples(
        st.lists(MEMBERS.map("".join), max_size=5).map(",".join), st.sampled_from(["{%s}", " {%s} ", "{ %s }\r", "{%s"])
    ).map(lambda parts: parts[1] % parts[0]),
    st.sampled_from(["", " ", "\r", "[]", "7", '{"id":"' + "y" * 3_000 + '"}']),
)


@given(st.lists(LINES, max_size=12), st.integers(1, 400), st.sampled_from([None, 1_024]), st.booleans())
def test_a_log_reads_the_same_at_a_glance_as_by_the_parser(lines, cut, limit, is_ended):
    data = "\n".join(lines).encode() + b"\n" * is_ended

    assert read(data, cut, limit, is_glanced_at=True) == read(data, cut, limit, is_glanced_at=False)
    assert read(data, 1 << 19, limit, is_glanced_at=True) == read(data, cut, limit, is_glanced_at=False)


def test_records_that_are_known_by_their_values_or_lie_deeper_are_parsed():
    def fields(**changes: Any) -> tuple[str, ...]:
        events = SOURCE.events.model_dump(exclude_defaults=True) | changes.pop("events", {})
        return Source.model_validate(
            {"name": "here", "format": {"kind": "jsonl"}, "events": events, **changes}
        ).plain_fields("event")

    assert SOURCE.plain_fields("event") == ("id", "item", "when")
    assert fields(events={"fields": {"event_id": "id", "occurred_at": "time.at"}}) == ()
    assert fields(events={"fields": {"occurred_at": "when"}, "identity": {"fields": ["when"]}}) == ()
    assert fields(format={"kind": "json"}) == ()
    assert (
        fields(format={"kind": "jsonl", "explode": "e"}, events={"fields": {"event_id": "e.id", "occurred_at": "when"}})
        == ()
    )
