import gzip
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakerec.bronze.mapping import Source
from lakerec.config import Config, load, load_source
from lakerec.preview import preview_file, preview_source

GUIDE = Path(__file__).parents[2] / "docs" / "connect-your-log.md"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TAOBAO = (
    b"999477,2200475,3607361,pv,1511848894\n"
    b"999477,1796505,3607361,ponder,1511848908\n"
    b"short\n"
    b"999477,77460,3607361,cart,soon\n"
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    places = {"lake.root": str(tmp_path / "lake"), "landing.root": str(tmp_path / "landing"), "lake.run_id": "test"}
    return load("test", {**places, "landing.source": "taobao_csv"})


def test_a_preview_says_how_a_file_is_read_and_what_would_be_rejected(spark, config, tmp_path):
    (tmp_path / "UserBehavior.csv").write_bytes(TAOBAO)

    lines = preview_file(spark, config, tmp_path / "UserBehavior.csv", NOW).splitlines()

    assert lines == [
        "UserBehavior.csv as source 'taobao_csv': events; kind 'csv', header False, "
        "columns ('user_id', 'item_id', 'category_id', 'behavior', 'ts'), delimiter ',', quote '\"'",
        "  4 lines = 0 header + 0 blank + 1 malformed + 3 accepted",
        "  3 records accepted, 1 malformed",
        "mapping",
        "  user_id        their user_id",
        "  item_id        their item_id",
        "  item_category  their category_id",
        "  action         their behavior, by {'values': {'pv': 'view', 'fav': 'favourite', 'cart': 'cart', "
        "'buy': 'purchase'}}",
        "  occurred_at    their ts",
        "  event_id       made of user_id, item_id, category_id, behavior, ts and their how-manieth occurrence",
        "malformed: 1 wrong number of fields; the first on line 3:",
        "  b'short'",
        "first records, typed",
        *[line for line in lines if line.startswith("  line 1: ")],
        "rejected: 2 of 3 records",
        *[line for line in lines if line.startswith("  1 not '")],
        "nothing was written",
    ]
    [first] = [line for line in lines if line.startswith("  line 1: ")]
    assert "user_id taobao:999477, item_id taobao:2200475, action view, occurred_at 2017-11-28 06:01:34" in first
    rejected = [line for line in lines if line.startswith("  1 not '")]
    assert rejected[0].startswith("  1 not 'has a readable time'; the first on line 4: ")
    assert '"occurred_at_sent":"soon"' in rejected[0]
    assert rejected[1].startswith("  1 not 'is a known action'; the first on line 2: ")
    assert not (tmp_path / "lake").exists()


def test_a_preview_of_a_file_that_no_pattern_names_or_that_would_be_held_says_so(spark, config, tmp_path):
    (tmp_path / "other.csv.gz").write_bytes(b"no gzip")

    lines = preview_file(spark, config, tmp_path / "other.csv.gz", NOW).splitlines()

    assert lines[1:] == [
        "  no pattern of the source's files names it: an intake would pass it over",
        "  it would be held back: zlib inflate failed: incorrect header check",
    ]


def test_a_catalogue_file_is_judged_by_the_rules_of_items(spark, config, tmp_path):
    file = tmp_path / "items" / "2026-03-01.jsonl.gz"
    file.parent.mkdir()
    file.write_bytes(gzip.compress(b'{"item_id":"i1","name":"Lamp","price":"?","changed_at":"2026-03-01T00:00:00Z"}\n'))

    said = preview_source(spark, load_source("shop"), config, file, NOW)

    assert said.startswith("2026-03-01.jsonl.gz as source 'shop': items; kind 'jsonl'\n")
    assert "1 not 'has a readable price'; the first on line 1: " in said


def test_the_guide_to_a_new_source_shows_what_its_preview_says(spark, config, tmp_path):
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", GUIDE.read_text(), re.DOTALL))
    source = Source.model_validate({"name": "kiosk", **tomllib.loads(blocks["toml"])})
    file = tmp_path / "kiosks" / "2026-03-01T09.jsonl.gz"
    file.parent.mkdir()
    file.write_bytes(gzip.compress(blocks["jsonl"].encode()))

    said = preview_source(spark, source, config, file, NOW)

    assert f"{said}\n" == blocks["text"]
