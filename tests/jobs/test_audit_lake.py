"""audit_lake: what was delivered stands somewhere, or the job says what does not."""

import pytest

from jobs import audit_lake
from lakerec.bronze.files import FILES
from lakerec.config import load
from lakerec.errors import ContractError
from lakerec.lakehouse import Lakehouse
from tests.lib.silver.test_conservation import LEDGER
from tests.records import rows_of


def test_a_lake_as_it_should_be_adds_up(shop, capsys):
    counts = audit_lake.main(shop.lake.spark, shop.config)

    said = capsys.readouterr().out
    assert counts["files"] == shop.lake.read(FILES).where("status = 'read'").count()
    assert said.count("shop: ") == 2


def test_a_file_whose_rows_are_gone_is_named(lake: Lakehouse, capsys):
    ledger = {**LEDGER, "file_id": "lost", "path": "lost.csv", "kind": "event", "duplicate_key_count": 0}
    lake.overwrite(FILES, rows_of(lake.spark, FILES, [ledger]))

    with pytest.raises(ContractError, match="does not add up: line_count 4"):
        audit_lake.main(lake.spark, load("test", {"lake.root": lake.settings.root, "lake.run_id": "audit"}))

    assert "4 lines = 1 header + 0 blank + 1 malformed + 2 accepted" in capsys.readouterr().out
