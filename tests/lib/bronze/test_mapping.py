import pytest
from pydantic import ValidationError

from lakerec.bronze.mapping import ActionRule, CsvFormat, EventMapping, Source, TimeRule
from lakerec.config import load_source

FIELDS = {"event_id": "id", "action": "what", "occurred_at": "when"}
ISO = {"format": "iso"}


def a_source(**changes) -> Source:
    events = {"files": ["*.jsonl"], "fields": FIELDS, "time": ISO}
    return Source.model_validate({"name": "here", "format": {"kind": "jsonl"}, "events": events, **changes})


def faults(**changes) -> str:
    with pytest.raises(ValidationError) as caught:
        a_source(**changes)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in caught.value.errors())


@pytest.mark.parametrize(
    ("name", "namespace"),
    [("shop", ""), ("online_retail", ""), ("taobao_csv", "taobao"), ("taobao_jsonl", "taobao"), ("otto", "otto")],
)
def test_the_sources_we_ship_are_valid_and_say_whose_ids_they_are(name, namespace):
    source = load_source(name)

    assert source.name == name
    assert source.id_namespace == namespace


def test_online_retail_identifies_an_event_by_all_its_eight_columns():
    source = load_source("online_retail")

    assert len(source.events.identity.fields) == 8
    assert source.required_fields("event") == set(source.events.identity.fields)


def test_a_column_that_is_not_ours_is_refused_with_those_that_are():
    message = faults(events={"files": ["*"], "fields": {**FIELDS, "colour": "c"}, "time": ISO})

    assert "events.fields: Value error, unknown columns ['colour']; known are ['action', 'event_id'," in message


def test_an_event_without_a_time_is_refused():
    message = faults(events={"files": ["*"], "fields": {"event_id": "id", "action": "what"}, "time": ISO})

    assert "['occurred_at'] must be mapped" in message


def test_an_event_has_its_producers_id_or_a_made_one_and_not_both():
    both = faults(events={"files": ["*"], "fields": FIELDS, "time": ISO, "identity": {"fields": ["id"]}})
    neither = faults(events={"files": ["*"], "fields": {"action": "a", "occurred_at": "t"}, "time": ISO})

    assert "give exactly one" in both
    assert "give exactly one" in neither


def test_an_action_comes_from_a_field_or_is_the_default():
    fields = {"event_id": "id", "occurred_at": "when"}

    message = faults(events={"files": ["*"], "fields": fields, "time": ISO})
    constant = EventMapping(files=("*",), fields=fields, time=TimeRule(format="iso"), action=ActionRule(default="view"))

    assert "an action comes from fields.action or is action.default" in message
    assert constant.action.default == "view"


def test_local_times_need_a_zone_that_exists():
    no_zone = faults(events={"files": ["*"], "fields": FIELDS, "time": {"format": "%Y"}})
    odd_zone = faults(events={"files": ["*"], "fields": FIELDS, "time": {"format": "%Y", "zone": "Europe/Paradise"}})
    two_zones = faults(events={"files": ["*"], "fields": FIELDS, "time": {"format": "iso", "zone": "Europe/London"}})

    assert "times of format '%Y' are local: state their zone" in no_zone
    assert "'Europe/Paradise' is no known time zone" in odd_zone
    assert "times of format 'iso' carry their offset" in two_zones


def test_a_format_of_times_has_a_known_name_or_is_a_pattern():
    message = faults(events={"files": ["*"], "fields": FIELDS, "time": {"format": "epoch"}})

    assert "'epoch' is neither one of ['epoch_ms', 'epoch_s', 'epoch_us', 'iso', 'iso_local'] nor a strptime" in message


def test_a_constant_is_a_column_of_ours_that_no_field_fills():
    def with_constants(**constants: str) -> str:
        return faults(events={"files": ["*"], "fields": FIELDS, "time": ISO, "constants": constants})

    assert "unknown columns ['colour']" in with_constants(colour="red")
    assert "['action'] come from fields and are constants" in with_constants(action="view")
    assert "['occurred_at'] come from fields" in with_constants(occurred_at="now")


def test_a_constant_id_of_all_events_is_refused():
    fields = {"action": "what", "occurred_at": "when"}

    message = faults(
        events={
            "files": ["*"],
            "fields": fields,
            "time": ISO,
            "constants": {"event_id": "e1"},
            "identity": {"fields": ["when"]},
        }
    )

    assert "constants.event_id: every event would be the same one" in message


def test_an_exploded_array_without_a_mapped_field_is_refused():
    message = faults(format={"kind": "jsonl", "explode": "events"})

    assert "no event field lies in format.explode: name them 'events.<field>'" in message


def test_catalogue_files_may_have_another_format():
    items = {
        "files": ["*.csv"],
        "format": {"kind": "csv", "header": True, "delimiter": ",", "quote": '"'},
        "fields": {"item_id": "sku", "changed_at": "since"},
        "time": ISO,
    }

    source = a_source(items=items)

    assert (source.format_of("event").kind, source.format_of("item").kind) == ("jsonl", "csv")


def test_columns_of_a_csv_are_named_once():
    with pytest.raises(ValidationError, match="by the header or by 'columns': give exactly one"):
        CsvFormat(kind="csv", header=True, columns=("a",), delimiter=",", quote='"')
    with pytest.raises(ValidationError, match="by the header or by 'columns': give exactly one"):
        CsvFormat(kind="csv", header=False, delimiter=",", quote='"')


def test_mapped_fields_are_among_the_named_columns_of_a_csv_without_header():
    message = faults(format={"kind": "csv", "header": False, "columns": ["id", "what"], "delimiter": ",", "quote": '"'})

    assert "event fields ['when'] are not among format.columns ['id', 'what']" in message


def test_an_unknown_setting_is_refused():
    assert "events.speed: Extra inputs" in faults(events={"files": ["*"], "fields": FIELDS, "time": ISO, "speed": 1})
